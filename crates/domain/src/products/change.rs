//! A seller changes a product: its words, its price, its price steps.

use super::{
    error,
    model::{
        price::{PriceSteps, StepInput},
        product::{KnownPrices, PRICES_KEPT, PricedProduct, Product, ProductChange, ProductOutcome},
    },
    product_service::ProductService,
};
use crate::shared::{Email, Error, FieldError, ProductId, Result, Rule, Validation};

impl ProductService {
    /// Changes what is given; with nothing given the product comes back as it is.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `sale` is invalid where a price step is not greater.
    /// - `product_changing`: others have changed its prices all the time.
    pub async fn change(&self, seller: &Email, id: &ProductId, change: &ProductChange) -> Result<PricedProduct> {
        if *change == ProductChange::default() {
            return self.product(seller, id).await;
        }
        self.change_as_read(seller, id, |product| beside_steps(product, change)).await
    }

    /// Puts these price steps in place of all there are.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - A step that is wrong, under `steps`.
    /// - `product_changing`: others have changed its prices all the time.
    pub async fn set_price_steps(&self, seller: &Email, id: &ProductId, steps: &[StepInput]) -> Result<PricedProduct> {
        self.change_as_read(seller, id, |product| {
            let mut errors = Validation::default();
            let steps = PriceSteps::parse("steps", steps, product.sale, &mut errors);
            errors.finish(|| Some(ProductChange { steps: Some(steps?), ..ProductChange::default() }))
        })
        .await
    }

    /// Decides by the product as it is, and decides anew where its prices have changed meanwhile.
    async fn change_as_read(
        &self,
        seller: &Email,
        id: &ProductId,
        decide: impl Fn(&Product) -> Result<ProductChange> + Send + Sync,
    ) -> Result<PricedProduct> {
        const TRIES: usize = 8;
        let store = self.stores.store_id(seller).await?;
        for _ in 0..TRIES {
            let product = self.products.find(&store, id).await?.ok_or(error::PRODUCT_NOT_FOUND)?;
            let change = decide(&product)?;
            let ends = self.pickup_ends(&store, std::slice::from_ref(&product)).await?;
            let now = self.clock.now();
            let pricing = product.pricing();
            let known = KnownPrices { past: pricing.between(&ends, now - PRICES_KEPT, now), pricing };
            match self.products.change(&store, id, &change, &known, now).await? {
                ProductOutcome::Changed(product) => return self.priced(product).await,
                ProductOutcome::Unchanged(_) => {}
                ProductOutcome::NotFound => return Err(error::PRODUCT_NOT_FOUND.into()),
            }
        }
        Err(error::PRODUCT_CHANGING.into())
    }
}

/// The change as it can be beside the product's steps, which are all greater than its own sale. Apps send back what they were given, and
/// that is the sale of a step where one was in force: it is no change.
fn beside_steps(product: &Product, change: &ProductChange) -> Result<ProductChange> {
    let (mut change, steps) = (change.clone(), product.steps.all());
    let (Some(sale), Some(first)) = (change.sale, steps.first()) else { return Ok(change) };
    if steps.iter().any(|step| step.sale == sale) {
        change.sale = None;
    } else if sale >= first.sale {
        let rule = Rule { code: "not_below_steps", message: "할인율은 모든 가격 단계의 할인율보다 작아야 합니다." };
        return Err(Error::Invalid(vec![FieldError { field: "sale".to_owned(), rule }]));
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        products::{
            model::price::{PickupEnds, PriceStep},
            ports::{MockPickupHours, MockProducts, MockSellersStore, MockStockReservations},
            testing::product,
        },
        shared::{
            Clock, Sale, StoreId, Won, kst,
            testing::{Counter, Noon, email},
        },
    };

    fn sale(percent: i64) -> Sale {
        Sale::parse(percent).unwrap()
    }

    /// 30 % of its own, 40 % from 11:00 on, 50 % from 13:00 on: pickup ends at 15:00.
    fn stepped() -> Product {
        let step = |minutes_before_pickup_end, percent| PriceStep { minutes_before_pickup_end, sale: sale(percent) };
        Product { steps: PriceSteps::stored(vec![step(240, 40), step(120, 50)]).unwrap(), ..product() }
    }

    /// Over products as they are found one after another; `changes` is what is then asked of the port, with its outcome.
    fn service(
        found: Vec<Product>,
        outcomes: Vec<fn(Product) -> ProductOutcome>,
    ) -> (ProductService, Arc<std::sync::Mutex<Vec<ProductChange>>>) {
        let (mut stores, mut hours, mut products) = (MockSellersStore::new(), MockPickupHours::new(), MockProducts::new());
        stores.expect_store_id().returning(|_| Ok(StoreId::trusted("STR_1".into())));
        hours.expect_pickup_ends().returning(|_| Ok(PickupEnds([kst::parse_time("15:00").ok(); 7])));
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (mut found, mut outcomes, kept) = (found.into_iter(), outcomes.into_iter(), Arc::clone(&asked));
        products.expect_find().times(found.len()).returning(move |_, _| Ok(found.next()));
        products.expect_change().times(outcomes.len()).returning(move |_, _, change, known, at| {
            assert_eq!((at, known.past.last().unwrap().until), (Noon.now(), Noon.now()));
            kept.lock().unwrap().push(change.clone());
            Ok(outcomes.next().unwrap()(Product { price: known.pricing.price, ..stepped() }))
        });
        let (products, reservations) = (Arc::new(products), Arc::new(MockStockReservations::new()));
        let clock_and_ids = (Arc::new(Noon), Arc::new(Counter::default()));
        let service = ProductService::new(products, reservations, Arc::new(stores), Arc::new(hours), clock_and_ids.0, clock_and_ids.1);
        (service, asked)
    }

    fn id() -> ProductId {
        ProductId::parse("PRD_1").unwrap()
    }

    fn codes<T>(refused: Result<T>) -> Vec<String> {
        match refused.err() {
            Some(Error::Invalid(fields)) => fields.into_iter().map(|f| format!("{} {}", f.field, f.rule.code)).collect(),
            _ => Vec::new(),
        }
    }

    #[tokio::test]
    async fn an_app_that_sends_back_the_sale_it_was_shown_changes_no_sale() {
        for (sent, kept) in [(40, None), (50, None), (39, Some(39)), (0, Some(0))] {
            let (service, asked) = service(vec![stepped()], vec![ProductOutcome::Changed]);
            let change = ProductChange { name: Some("김밥".into()), sale: Some(sale(sent)), ..ProductChange::default() };
            let changed = service.change(&email("s@b"), &id(), &change).await.unwrap();
            assert_eq!(asked.lock().unwrap()[0], ProductChange { sale: kept.map(sale), ..change }, "{sent}");
            assert_eq!((changed.now.sale, changed.now.next.map(|(_, sale)| sale)), (sale(40), Some(sale(50))));
        }
        let (service, _) = service(vec![stepped()], vec![]);
        let change = ProductChange { sale: Some(sale(41)), ..ProductChange::default() };
        assert_eq!(codes(service.change(&email("s@b"), &id(), &change).await), ["sale not_below_steps"]);
    }

    #[tokio::test]
    async fn steps_are_greater_than_the_own_sale_of_the_very_product_that_is_changed() {
        // Cheaper by the time that the steps would be stored.
        let cheaper = Product { sale: sale(45), price: Won(1), ..product() };
        let (service, _) = service(vec![product(), cheaper], vec![ProductOutcome::Unchanged]);
        assert_eq!(codes(service.set_price_steps(&email("s@b"), &id(), &[(60, 50), (90, 40)]).await), ["steps.1.sale not_greater"]);
    }

    #[tokio::test]
    async fn prices_that_change_all_the_time_are_not_changed() {
        let (service, asked) = service(vec![product(); 8], vec![ProductOutcome::Unchanged; 8]);
        let refused = service.set_price_steps(&email("s@b"), &id(), &[]).await.unwrap_err();
        assert!(refused.is(&error::PRODUCT_CHANGING));
        assert_eq!(asked.lock().unwrap().len(), 8);
    }
}
