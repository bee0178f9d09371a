//! A review, its reply, and what is reported of it.

use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantNames};
use unicode_segmentation::UnicodeSegmentation;

use crate::shared::{Email, PaymentId, ProductId, Result, ReviewId, Rule, StoreId};

/// How many stars: 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stars(i16);

impl Stars {
    /// A number of stars.
    ///
    /// # Errors
    /// `out_of_range` outside 1 … 5.
    pub fn parse(stars: i64) -> Result<Self, Rule> {
        match i16::try_from(stars) {
            Ok(stars @ 1..=5) => Ok(Self(stars)),
            _ => Err(Rule { code: "out_of_range", message: "별점은 1에서 5 사이여야 합니다." }),
        }
    }

    /// 1 to 5.
    pub fn get(self) -> i16 {
        self.0
    }
}

/// What the stars are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ReasonWord {
    /// How it tasted.
    Taste,
    /// How much it was.
    Amount,
    /// How fresh it was.
    Freshness,
    /// What it was for its price.
    Value,
    /// How the people were.
    Kindness,
}

impl ReasonWord {
    /// The words in the order of the contract.
    pub const WORDS: &[&str] = Self::VARIANTS;

    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads words, each once.
    ///
    /// # Errors
    /// `unknown_option`: one that is none.
    pub fn words(words: &[String]) -> Result<Vec<Self>, Rule> {
        let mut reasons = Vec::new();
        for word in words {
            let reason = word.parse().map_err(|_| Rule { code: "unknown_option", message: "선택할 수 없는 항목입니다." })?;
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Ok(reasons)
    }
}

/// Texts that people type into reviews.
pub mod words {
    use crate::shared::{
        Result, Rule,
        text::{Text, typed},
    };

    const TEXT: Text = typed!("후기는", 0 to 500, lines);
    const REPLY: Text = typed!("답글은", 1 to 500, lines);
    const REPORT: Text = typed!("신고 사유는", 1 to 255, lines);

    /// What somebody says; `None` where it is nothing.
    ///
    /// # Errors
    /// - `too_long`: more than 500 characters.
    /// - `bad_character`: a control character.
    pub fn text(text: &str) -> Result<Option<String>, Rule> {
        TEXT.parse(text).map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    /// A store's reply.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible.
    /// - `too_long`: more than 500 characters.
    /// - `bad_character`: a control character.
    pub fn reply(text: &str) -> Result<String, Rule> {
        REPLY.parse(text)
    }

    /// Why a review is reported.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible.
    /// - `too_long`: more than 255 characters.
    /// - `bad_character`: a control character.
    pub fn report(text: &str) -> Result<String, Rule> {
        REPORT.parse(text)
    }
}

/// A review to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// How good it was.
    pub stars: Stars,
    /// What the stars are for, each once.
    pub reasons: Vec<ReasonWord>,
    /// What they say.
    pub text: Option<String>,
}

/// Fields to change; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeReview {
    /// How good it was.
    pub stars: Option<Stars>,
    /// What the stars are for.
    pub reasons: Option<Vec<ReasonWord>>,
    /// What they say; `Some(None)` removes it.
    pub text: Option<Option<String>>,
}

/// What a store replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 1–500 characters.
    pub text: String,
    /// When it was written or changed last.
    pub at: DateTime<Utc>,
}

/// A review as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// `RVW_…`; sorts by creation.
    pub id: ReviewId,
    /// The order that it is about.
    pub payment_id: PaymentId,
    /// The store that sold it.
    pub store_id: StoreId,
    /// What was bought.
    pub product_id: ProductId,
    /// Its name at the time of the purchase.
    pub product_name: String,
    /// Who wrote it.
    pub customer: Email,
    /// Their nickname now; empty where there is none.
    pub nickname: String,
    /// What they say.
    pub says: NewReview,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// What the store replies.
    pub reply: Option<Reply>,
    /// An operator has hidden it: nobody but its writer and the store sees it, and it does not count.
    pub is_hidden: bool,
}

/// A page of a store's reviews, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPage {
    /// At most [`ReviewPage::SIZE`].
    pub reviews: Vec<Review>,
    /// What the next page begins after; `None`: nothing comes after it.
    pub next: Option<ReviewId>,
}

impl ReviewPage {
    /// Reviews on a page.
    pub const SIZE: i64 = 20;
}

/// A review with what people report of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The review.
    pub review: Review,
    /// Why, the first report first.
    pub reasons: Vec<String>,
}

/// A nickname with all but its first character hidden.
pub fn masked(nickname: &str) -> String {
    let mut characters = nickname.graphemes(true);
    characters.next().into_iter().chain(characters.map(|_| "*")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_nickname_the_first_character_is_left() {
        for (nickname, shown) in [("", ""), ("길", "길"), ("길동이", "길**"), ("👨‍👩‍👧‍👦ab", "👨‍👩‍👧‍👦**")]
        {
            assert_eq!(masked(nickname), shown);
        }
    }

    #[test]
    fn reasons_are_the_contracts_words_each_once() {
        assert_eq!(ReasonWord::WORDS, ["taste", "amount", "freshness", "value", "kindness"]);
        let words = |words: &[&str]| ReasonWord::words(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["value", "taste", "value"]).unwrap(), [ReasonWord::Value, ReasonWord::Taste]);
        assert_eq!(words(&["Taste"]).unwrap_err().code, "unknown_option");
    }
}
