//! What is brought over from the Python service, and what is given back.

mod moved;
mod rows;
mod write;
