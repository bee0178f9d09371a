//! The four kinds of taste that a customer may tell, and the words of each (contract, enumerations).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::shared::{Result, Rule};

/// A word and its Korean name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PreferenceOption {
    /// The word in the contract.
    #[serde(rename = "type")]
    pub word: &'static str,
    /// The name shown to people.
    pub name: &'static str,
}

macro_rules! options {
    ($($word:literal $name:literal),* $(,)?) => { &[$(PreferenceOption { word: $word, name: $name }),*] };
}

/// The four kinds of preferences (contract, Enumerations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PreferenceKind {
    /// What they like to eat.
    PreferredMenu,
    /// How they eat; products carry these too.
    NutritionType,
    /// What they must not eat.
    Allergy,
    /// What they like on it.
    ToppingType,
}

impl PreferenceKind {
    /// Every kind, in the order of the profile.
    pub const ALL: [Self; 4] = [Self::PreferredMenu, Self::NutritionType, Self::Allergy, Self::ToppingType];

    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The words to choose from, in the order in which the apps show them.
    pub fn options(self) -> &'static [PreferenceOption] {
        match self {
            Self::PreferredMenu => options!["salad" "샐러드", "poke" "포케", "korean" "한식", "sandwich" "샌드위치"],
            Self::NutritionType => {
                options!["diet" "다이어트", "LCHF" "저탄고지", "protein" "단백질", "LSLS" "저당저염", "balance" "균형잡힌", "vegetarian" "채식"]
            }
            Self::Allergy => options![
                "seafood" "해산물", "peanut" "땅콩", "nuts" "견과류", "soy" "대두", "wheat" "밀", "egg" "계란", "dairy" "유제품",
                "shellfish" "갑각류", "fish" "어패류", "pork" "돼지고기", "beef" "쇠고기", "chicken" "닭고기",
            ],
            Self::ToppingType => options![
                "egg_mayo" "에그마요", "chicken_breast" "닭가슴살", "onion_flake" "어니언 후레이크", "toasted_bread" "구운 식빵",
                "sweet_pumpkin" "단호박", "ricotta_cheese" "리코타치즈", "shrimp" "새우", "smoked_salmon" "훈제연어", "avocado" "아보카도",
                "pork_belly" "우삼겹",
            ],
        }
    }

    /// One of this kind's words.
    ///
    /// # Errors
    /// `unknown_option`: a word that is not among the options.
    pub fn word(self, text: &str) -> Result<&'static str, Rule> {
        self.options()
            .iter()
            .find(|o| o.word == text)
            .map(|o| o.word)
            .ok_or(Rule { code: "unknown_option", message: "선택할 수 없는 항목입니다." })
    }

    /// Some of this kind's words, each once, in the order given.
    ///
    /// # Errors
    /// `unknown_option`: a word that is not among the options.
    pub fn words(self, texts: &[String]) -> Result<Vec<&'static str>, Rule> {
        let mut words = Vec::new();
        for text in texts {
            let word = self.word(text)?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(words)
    }
}

/// A word that a customer has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// Number of the row.
    pub id: i64,
    /// Menu, nutrition type, allergy or topping.
    pub kind: PreferenceKind,
    /// One of the kind's words.
    pub word: String,
    /// When it was chosen.
    pub created_at: DateTime<Utc>,
}

/// What adding words came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferencesAdded {
    /// All of them are there now.
    Added,
    /// One of them was there already; nothing was added.
    WasThere,
    /// The customer has no profile.
    NoProfile,
}
