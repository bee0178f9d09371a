//! People, orders and money that came over from the Python service, on the real binaries.

mod databases;
mod house;
mod logins;
mod orders;
mod pictures;
mod tokens;
