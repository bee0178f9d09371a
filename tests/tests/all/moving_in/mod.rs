//! People, orders and money that came over from the Python service, on the real binaries.

mod databases;
