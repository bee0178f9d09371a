//! Shapes of the contract that several answers share.

use cheapbob_domain::{
    shared::kst,
    users::{CustomerDetail, Preference, PreferenceKind, Profile},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// RFC 3339 with Seoul's offset.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    kst::local(at).to_rfc3339_opts(SecondsFormat::Micros, false)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) message: &'static str,
}

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

#[derive(Serialize, ToSchema)]
pub(crate) struct PreferredMenuBody {
    id: i64,
    menu_type: String,
    created_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NutritionPrefBody {
    id: i64,
    nutrition_type: String,
    created_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AllergyBody {
    id: i64,
    allergy_type: String,
    created_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ToppingBody {
    id: i64,
    topping_type: String,
    created_at: String,
}

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
        for Preference { id, kind, word, created_at } in profile.preferences {
            let created_at = instant(created_at);
            match kind {
                PreferenceKind::PreferredMenu => body.preferred_menus.push(PreferredMenuBody { id, menu_type: word, created_at }),
                PreferenceKind::NutritionType => body.nutrition_types.push(NutritionPrefBody { id, nutrition_type: word, created_at }),
                PreferenceKind::Allergy => body.allergies.push(AllergyBody { id, allergy_type: word, created_at }),
                PreferenceKind::ToppingType => body.topping_types.push(ToppingBody { id, topping_type: word, created_at }),
            }
        }
        body
    }
}
