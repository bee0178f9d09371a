//! `import` and `give-back`: moving in from the Python service, and the way back.

mod command;
mod watch;

pub use command::{GiveBackArguments, ImportArguments, give_back, import};
