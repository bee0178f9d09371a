use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Validation},
    users::{NewProfile, Nickname, PhoneNumber, PreferenceKind},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{AllergyWord, NutritionWord, PreferredMenuWord, ProfileBody, ToppingWord};
use crate::{auth::Me, error::Result, extract::Json, state::App};

#[derive(Deserialize, ToSchema)]
struct Register {
    #[schema(min_length = 1, max_length = 7, example = "길동")]
    nickname: String,
    #[schema(pattern = "^[0-9]{11}$", example = "01012345678")]
    phone_number: String,
    #[schema(value_type = Option<Vec<PreferredMenuWord>>)]
    preferred_menus: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<NutritionWord>>)]
    nutrition_types: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<AllergyWord>>)]
    allergies: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<ToppingWord>>)]
    topping_types: Option<Vec<String>>,
}

impl Register {
    fn parse(self) -> DomainResult<NewProfile> {
        let mut errors = Validation::default();
        let nickname = errors.check("nickname", Nickname::parse(&self.nickname));
        let phone_number = errors.check("phone_number", PhoneNumber::parse(&self.phone_number));
        let mut preferences = Vec::new();
        for (kind, field, words) in [
            (PreferenceKind::PreferredMenu, "preferred_menus", self.preferred_menus),
            (PreferenceKind::NutritionType, "nutrition_types", self.nutrition_types),
            (PreferenceKind::Allergy, "allergies", self.allergies),
            (PreferenceKind::ToppingType, "topping_types", self.topping_types),
        ] {
            let words = errors.check(field, kind.words(&words.unwrap_or_default()));
            preferences.extend(words.into_iter().flatten().map(|word| (kind, word)));
        }
        errors.finish(|| Some(NewProfile { nickname: nickname?, phone_number: phone_number?, preferences }))
    }
}

/// Registers the profile.
#[utoipa::path(tag = "customer", request_body = Register, responses((status = 201, body = ProfileBody)))]
#[post("/customer/register")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<Register>) -> Result<HttpResponse> {
    let profile = app.services.customers.register(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Created().json(ProfileBody::from(profile)))
}
