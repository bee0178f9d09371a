//! What the sandbox's routes work with.

use std::sync::Arc;

use cheapbob_domain::{tasks::ports::JobRunner, users::Provider};

use crate::fakes::{Embedded, SandboxClock};

/// What the sandbox plays with.
#[derive(Clone)]
pub struct Sandbox {
    /// This server, as its own processes reach it.
    pub base: String,
    /// Which parts it plays.
    pub played: Played,
    /// Its books.
    pub embedded: Embedded,
    /// The clock it moves.
    pub clock: Arc<SandboxClock>,
    /// The jobs it runs.
    pub jobs: Arc<dyn JobRunner>,
}

/// Which parts the sandbox plays; the others are real, or another fake's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// Google, Kakao and Naver, in this order.
    pub providers: [bool; 3],
    /// The payments.
    pub portone: bool,
    /// The mail box.
    pub mail: bool,
}

impl Played {
    /// A login provider that is played.
    pub fn provider(&self) -> Option<Provider> {
        PROVIDERS.into_iter().zip(self.providers).find(|(_, played)| *played).map(|((provider, _), _)| provider)
    }

    /// Whether a purchase can be clicked through: nobody has to log in or pay in earnest.
    pub fn purchase(&self) -> bool {
        self.portone && self.provider().is_some()
    }

    /// The parts that are played, as a text: `Google, Kakao and PortOne`.
    pub fn played(&self) -> String {
        listed(self.parts().filter(|(_, played)| *played))
    }

    /// The parts that are real, as a text; empty where all are played.
    pub fn real(&self) -> String {
        listed(self.parts().filter(|(_, played)| !played))
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let providers = PROVIDERS.into_iter().zip(self.providers).map(|((_, name), played)| (name, played));
        providers.chain([("PortOne", self.portone), ("the mail box", self.mail)])
    }
}

const PROVIDERS: [(Provider, &str); 3] = [(Provider::Google, "Google"), (Provider::Kakao, "Kakao"), (Provider::Naver, "Naver")];

fn listed(parts: impl Iterator<Item = (&'static str, bool)>) -> String {
    let names: Vec<_> = parts.map(|(name, _)| name).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_real_is_not_called_played() {
        let all = Played { providers: [true; 3], portone: true, mail: true };
        assert_eq!((all.played().as_str(), all.real().as_str()), ("Google, Kakao, Naver, PortOne and the mail box", ""));
        let some = Played { providers: [false, true, false], portone: false, mail: true };
        assert_eq!((some.played().as_str(), some.real().as_str()), ("Kakao and the mail box", "Google, Naver and PortOne"));
        assert_eq!((some.provider(), some.purchase(), all.purchase()), (Some(Provider::Kakao), false, true));
        let one = Played { providers: [false; 3], portone: true, mail: false };
        assert_eq!((one.played().as_str(), one.provider(), one.purchase()), ("PortOne", None, false));
    }
}
