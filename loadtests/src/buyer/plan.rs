//! What a buyer means to do, drawn before it does anything.
//!
//! The parameters of the crowd, all in this file. They are not measured on anyone: they are
//! chosen so that every path of a hold is walked often in a drop of some thousand buyers.
//! - parties: 1 to 8 people, mostly pairs and fours; 40 % pick their seats on the map;
//! - with a hold: 73 % pay, 4 % extend first, 4 % give a part back and pay the rest, 3 % pay a
//!   part and give the rest back, 7 % release all, 6 % just leave, 3 % pay after the deadline;
//! - 3 % click twice, on holding or on paying;
//! - thinking takes 2 to 40 % of the hold's time, four seconds at most;
//! - who is refused comes back up to five times;
//! - a bot takes 5 to 20 holds of 4 to 8 seats at once, under as many names, and never pays;
//!   half of them give back before the deadline.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Weights of parties of one, two, three, ...
const PARTY_WEIGHTS: [u32; 8] = [18, 42, 12, 18, 4, 4, 1, 1];

/// Endings and their weights.
const ENDINGS: [(Ending, u32); 7] = [
    (Ending::Pay, 73),
    (Ending::ExtendAndPay, 4),
    (Ending::ReleasePartAndPay, 4),
    (Ending::PayPartAndRelease, 3),
    (Ending::Release, 7),
    (Ending::LetExpire, 6),
    (Ending::PayLate, 3),
];

/// The share of buyers who pick on the map.
const PICKS_SHARE: f64 = 0.4;

/// The share of buyers who click twice.
const TWICE_SHARE: f64 = 0.03;

/// What becomes of a hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    Pay,
    ExtendAndPay,
    ReleasePartAndPay,
    PayPartAndRelease,
    Release,
    LetExpire,
    PayLate,
}

/// Which click comes twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Twice {
    Never,
    Placing,
    Paying,
}

/// A buyer who behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Person {
    pub(super) party: u32,
    pub(super) picks: bool,
    pub(super) ending: Ending,
    pub(super) twice: Twice,
    /// Thinking time, as a share of what is left of the hold.
    pub(super) thinking: f64,
    /// How often to ask again after a refusal.
    pub(super) patience: u32,
}

/// One who hoards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bot {
    pub(super) holds: u64,
}

/// Either.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    Person(Person),
    Bot(Bot),
}

impl Plan {
    pub(super) fn draw(rng: &mut ChaCha8Rng, bots: f64) -> Self {
        if rng.random_bool(bots) {
            Self::Bot(Bot { holds: rng.random_range(5..=20) })
        } else {
            Self::Person(Person::draw(rng))
        }
    }
}

impl Person {
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let party = 1 + weighted(rng, &PARTY_WEIGHTS) as u32;
        let (ending, _) = ENDINGS[weighted(rng, &ENDINGS.map(|(_, weight)| weight))];
        let twice = match (rng.random_bool(TWICE_SHARE), rng.random_bool(0.5)) {
            (false, _) => Twice::Never,
            (true, false) => Twice::Placing,
            (true, true) => Twice::Paying,
        };
        Self {
            party,
            picks: rng.random_bool(PICKS_SHARE),
            ending,
            twice,
            thinking: rng.random_range(0.02..0.4),
            patience: rng.random_range(1..=5),
        }
    }
}

/// A position, as likely as its weight is of all weights.
fn weighted(rng: &mut ChaCha8Rng, weights: &[u32]) -> usize {
    let mut left = rng.random_range(0..weights.iter().sum());
    for (position, weight) in weights.iter().enumerate() {
        if left < *weight {
            return position;
        }
        left -= weight;
    }
    unreachable!("a number below the sum of the weights lies in one of them")
}

/// The next smaller party to ask for, given how many could have been had; `None` when not
/// even one person found a seat.
pub(super) fn descend(party: u32, could_have: Option<u32>) -> Option<u32> {
    match could_have {
        Some(0) => None,
        _ if party <= 1 => None,
        Some(seats) => Some(seats.min(party - 1)),
        None => Some(party - 1),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_seed_fixes_what_everybody_means_to_do() {
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..100).map(|_| Plan::draw(&mut rng, 0.1)).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn the_crowd_is_as_documented() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let people: Vec<Person> = (0..20_000).map(|_| Person::draw(&mut rng)).collect();
        let share = |is: &dyn Fn(&Person) -> bool| {
            people.iter().filter(|person| is(person)).count() as f64 / people.len() as f64
        };
        let close = |share: f64, expected: f64| {
            assert!((share - expected).abs() < 0.015, "{share} is not about {expected}");
        };
        close(share(&|person| person.party == 2), 0.42);
        close(share(&|person| person.ending == Ending::Pay), 0.73);
        close(share(&|person| person.picks), 0.4);
        close(share(&|person| person.twice != Twice::Never), 0.03);
        assert!(people.iter().all(|person| (1..=8).contains(&person.party)));
        for (ending, _) in ENDINGS {
            assert!(people.iter().any(|person| person.ending == ending), "{ending:?}");
        }
        let bots = (0..20_000).filter(|_| matches!(Plan::draw(&mut rng, 0.1), Plan::Bot(_)));
        close(bots.count() as f64 / 20_000.0, 0.1);
    }

    #[test]
    fn a_party_goes_down_to_one() {
        let mut sizes = vec![8];
        while let Some(smaller) = descend(sizes[sizes.len() - 1], None) {
            sizes.push(smaller);
        }
        assert_eq!(sizes, [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(descend(8, Some(3)), Some(3));
        assert_eq!(descend(3, Some(5)), Some(2), "never the same again");
        assert_eq!(descend(2, Some(0)), None);
        assert_eq!(descend(1, Some(1)), None);
    }
}
