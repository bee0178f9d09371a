-- Nobody read the bodies of PortOne's messages. What is there goes with its row, after thirty days; the version before still writes some. The column
-- goes in a later version.
ALTER TABLE inbox ALTER COLUMN body SET DEFAULT '';
