DROP TABLE embedded.pushes;
