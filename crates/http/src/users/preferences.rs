//! A customer's four kinds of taste: the same three endpoints, under four names.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use cheapbob_domain::{
    shared::{Email, Validation},
    users::{Preference, PreferenceKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::dto::{
    AllergyBody, AllergyWord, NutritionPrefBody, NutritionWord, PreferredMenuBody, PreferredMenuWord, ToppingBody, ToppingWord,
};
use crate::{auth::Me, error::Result, extract::Json, state::App};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .configure(preferred_menus::configure)
        .configure(nutrition_types::configure)
        .configure(allergies::configure)
        .configure(topping_types::configure);
}

async fn add(app: &App, me: &Email, kind: PreferenceKind, field: &str, words: &[String]) -> Result<Vec<Preference>> {
    let mut errors = Validation::default();
    let words = errors.check(field, kind.words(words));
    let words = errors.finish(|| words)?;
    Ok(app.services.customers.add_preferences(me, kind, &words).await?)
}

async fn remove(app: &App, me: &Email, kind: PreferenceKind, field: &str, word: &str) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let word = errors.check(field, kind.word(word));
    let word = errors.finish(|| word)?;
    app.services.customers.remove_preference(me, kind, word).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The endpoints of one kind: path and field of the list, fields of the requests, and the names that the document gives the dto.
macro_rules! preferences {
    ($kind:ident of $word:ident: $path:literal, $list:ident of $body:ident as $list_name:ident,
     $many:ident as $add_name:ident, $one:ident as $remove_name:ident) => {
        mod $list {
            use super::*;

            const KIND: PreferenceKind = PreferenceKind::$kind;

            pub(super) fn configure(config: &mut ServiceConfig<'_>) {
                config.service(list).service(add).service(remove);
            }

            #[derive(Serialize, ToSchema)]
            struct $list_name {
                $list: Vec<$body>,
            }

            impl From<Vec<Preference>> for $list_name {
                fn from(preferences: Vec<Preference>) -> Self {
                    Self { $list: preferences.into_iter().map($body::from).collect() }
                }
            }

            #[derive(Deserialize, ToSchema)]
            struct $add_name {
                #[schema(value_type = Vec<$word>)]
                $many: Vec<String>,
            }

            #[derive(Deserialize, ToSchema)]
            struct $remove_name {
                #[schema(value_type = $word)]
                $one: String,
            }

            /// The customer's words of this kind, in the order of their creation.
            #[utoipa::path(tag = "customer", responses((status = 200, body = $list_name)))]
            #[get($path)]
            async fn list(app: Data<App>, me: Me) -> Result<HttpResponse> {
                let preferences = app.services.customers.preferences(&me.0, KIND).await?;
                Ok(HttpResponse::Ok().json($list_name::from(preferences)))
            }

            /// Adds words; gives the whole list.
            #[utoipa::path(tag = "customer", request_body = $add_name, responses((status = 201, body = $list_name)))]
            #[post($path)]
            async fn add(app: Data<App>, me: Me, body: Json<$add_name>) -> Result<HttpResponse> {
                let preferences = super::add(&app, &me.0, KIND, stringify!($many), &body.0.$many).await?;
                Ok(HttpResponse::Created().json($list_name::from(preferences)))
            }

            /// Takes a word away.
            #[utoipa::path(tag = "customer", request_body = $remove_name, responses((status = 204)))]
            #[delete($path)]
            async fn remove(app: Data<App>, me: Me, body: Json<$remove_name>) -> Result<HttpResponse> {
                super::remove(&app, &me.0, KIND, stringify!($one), &body.0.$one).await
            }
        }
    };
}

preferences!(PreferredMenu of PreferredMenuWord: "/customer/profile/preferred-menus", preferred_menus of PreferredMenuBody as PreferredMenus,
    menu_types as AddPreferredMenus, menu_type as RemovePreferredMenu);
preferences!(NutritionType of NutritionWord: "/customer/profile/nutrition-types", nutrition_types of NutritionPrefBody as NutritionPrefs,
    nutrition_types as AddNutritionPrefs, nutrition_type as RemoveNutritionPref);
preferences!(Allergy of AllergyWord: "/customer/profile/allergies", allergies of AllergyBody as Allergies,
    allergy_types as AddAllergies, allergy_type as RemoveAllergy);
preferences!(ToppingType of ToppingWord: "/customer/profile/topping-types", topping_types of ToppingBody as Toppings,
    topping_types as AddToppings, topping_type as RemoveTopping);
