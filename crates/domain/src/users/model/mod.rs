//! What users are made of.

pub mod account;
pub mod customer;
pub mod export;
pub mod identity;
pub mod imported_token;
mod link_mail;
pub mod login;
pub mod preference;
pub mod session;
pub mod session_token;
pub mod takeover;

#[cfg(test)]
mod tests {
    use super::{
        account::{Provider, RegistrationStatus, Role},
        preference::PreferenceKind,
    };

    /// The words come from the variants' names; rows, tokens, paths and the apps keep them for longer than a name lives.
    #[test]
    fn words_in_rows_outlive_the_names_in_code() {
        for (role, word) in [(Role::Customer, "customer"), (Role::Seller, "seller")] {
            assert_eq!((role.as_str(), Role::parse(word)), (word, Some(role)));
        }
        for (provider, word) in [(Provider::Google, "google"), (Provider::Kakao, "kakao"), (Provider::Naver, "naver")] {
            assert_eq!((provider.as_str(), Provider::parse(word)), (word, Some(provider)));
        }
        for (kind, word) in [
            (PreferenceKind::PreferredMenu, "preferred_menu"),
            (PreferenceKind::NutritionType, "nutrition_type"),
            (PreferenceKind::Allergy, "allergy"),
            (PreferenceKind::ToppingType, "topping_type"),
        ] {
            assert_eq!((kind.as_str(), PreferenceKind::parse(word)), (word, Some(kind)));
        }
        let steps = [RegistrationStatus::Profile, RegistrationStatus::Store, RegistrationStatus::Product, RegistrationStatus::Complete];
        assert_eq!(steps.map(RegistrationStatus::as_str), ["profile", "store", "product", "complete"]);
        for no_word in ["", "Customer", "customers"] {
            assert_eq!(Role::parse(no_word), None, "{no_word}");
        }
    }
}
