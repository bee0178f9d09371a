//! How many connections this process has room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More connections than a process of ours can serve.
const MOST: u64 = 16_384;

/// Descriptors for databases, files, other servers and what is listened on; of few, at most half.
const RESERVED: u64 = 256;

/// Raises the limit of descriptors as far as it may be raised, says how many connections fit below it, and gives that number.
pub fn room_for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.unwrap_or(u64::MAX).min(MOST + RESERVED).max(current.unwrap_or(u64::MAX));
    let descriptors = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current.unwrap_or(u64::MAX),
    };
    let connections = below(descriptors);
    tracing::info!(connections, descriptors, "so many connections are taken at once");
    connections
}

fn below(descriptors: u64) -> usize {
    let connections = (descriptors - RESERVED.min(descriptors / 2)).min(MOST);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_below_the_descriptors() {
        assert_eq!([1 << 20, 20_000, 1_024, 300, 64].map(below), [16_384, 16_384, 768, 150, 32]);
    }
}
