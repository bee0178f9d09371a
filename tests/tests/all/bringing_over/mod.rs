//! `cheapbob-jobs import`, black box: an old service's databases, ours, and the command between them.

mod generated;
mod given_back;
mod house;
mod killed;
mod second_run;
mod told;
mod verified;
