//! What is brought over from the Python service, and what is given back.

mod ours;
mod rows;
mod write;
