#![doc = include_str!("../README.md")]

pub mod fakes;
pub mod sandbox;
