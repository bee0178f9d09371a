//! DTOs of this feature.

use cheapbob_domain::users::{CustomerDetail, Preference, PreferenceKind, Profile};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::time::instant;

#[derive(Serialize, ToSchema)]
pub(crate) struct EmailBody {
    pub(crate) email: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerDetailBody {
    customer_email: String,
    nickname: String,
    phone_number: String,
    created_at: String,
    updated_at: String,
}

impl From<CustomerDetail> for CustomerDetailBody {
    fn from(detail: CustomerDetail) -> Self {
        Self {
            customer_email: detail.email.to_string(),
            nickname: detail.nickname,
            phone_number: detail.phone_number,
            created_at: instant(detail.created_at),
            updated_at: instant(detail.updated_at),
        }
    }
}

/// A word of one kind, as the document lists them: they stand in the domain.
macro_rules! word {
    ($name:ident, $kind:ident) => {
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = PreferenceKind::$kind.options().iter().map(|option| option.word);
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

word!(PreferredMenuWord, PreferredMenu);
word!(NutritionWord, NutritionType);
word!(AllergyWord, Allergy);
word!(ToppingWord, ToppingType);

/// A choice of one kind; the kinds differ in the name of the word.
macro_rules! preference_body {
    ($name:ident, $word:ident: $schema:ident) => {
        #[derive(Serialize, ToSchema)]
        pub(crate) struct $name {
            id: i64,
            #[schema(value_type = $schema)]
            $word: String,
            created_at: String,
        }

        impl From<Preference> for $name {
            fn from(preference: Preference) -> Self {
                Self { id: preference.id, $word: preference.word, created_at: instant(preference.created_at) }
            }
        }
    };
}

preference_body!(PreferredMenuBody, menu_type: PreferredMenuWord);
preference_body!(NutritionPrefBody, nutrition_type: NutritionWord);
preference_body!(AllergyBody, allergy_type: AllergyWord);
preference_body!(ToppingBody, topping_type: ToppingWord);

#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileBody {
    detail: CustomerDetailBody,
    preferred_menus: Vec<PreferredMenuBody>,
    nutrition_types: Vec<NutritionPrefBody>,
    allergies: Vec<AllergyBody>,
    topping_types: Vec<ToppingBody>,
}

impl From<Profile> for ProfileBody {
    fn from(profile: Profile) -> Self {
        let mut body = Self {
            detail: profile.detail.into(),
            preferred_menus: vec![],
            nutrition_types: vec![],
            allergies: vec![],
            topping_types: vec![],
        };
        for preference in profile.preferences {
            match preference.kind {
                PreferenceKind::PreferredMenu => body.preferred_menus.push(preference.into()),
                PreferenceKind::NutritionType => body.nutrition_types.push(preference.into()),
                PreferenceKind::Allergy => body.allergies.push(preference.into()),
                PreferenceKind::ToppingType => body.topping_types.push(preference.into()),
            }
        }
        body
    }
}
