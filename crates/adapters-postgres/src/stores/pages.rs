//! Pages of searches, of many people at once: one statement says which stores stand on them, in which version, and what is left of their
//! products; all else is kept ([`crate::documents`]).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cheapbob_domain::{
    products::{Product, Stock},
    shared::{Email, Result, StoreId},
    stores::{ListedStore, StoreDocument, StoreFilter},
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::search::pattern;
use crate::{
    database::{OfOthers, Postgres, bad_row, failed},
    documents::Numbers,
    lines::PageAsked,
    sql::prepared,
    together::Statement,
};

/// Stores, by name, that are looked at before the index is asked: a text that many stores have is found there at once.
const NEAR: i64 = 256;

/// Stores before a page, beyond which the page is read by itself: PostgreSQL counts all of them, and nobody else is to wait for that.
const FAR: i64 = 500;

/// Divides the neighbourhoods of one search: no typed text has it.
const DIVIDER: &str = "\u{1f}";

/// Which of these customers have which of these stores among their favourites. The inner SELECT goes by the key, however small the table
/// was when this was planned.
const FAVORITES: &str = "
SELECT a.turn FROM unnest($1, $2) WITH ORDINALITY AS a (customer, store, turn)
WHERE (SELECT true FROM favorites f WHERE f.customer_email = a.customer AND f.store_id = a.store)";

/// The ids of one page, in order. `a` is who asks: `a.skip`, and where asked for `a.pattern`, `a.sido`, `a.sigungu`, `a.bnames`. The limit is
/// part of the text: were it a parameter, PostgreSQL would expect a tenth of all stores.
fn page_of_ids(by_name: bool, by_location: bool, limit: i64) -> String {
    let place = |filter: &str| {
        format!(
            "SELECT f.id FROM stores f
             WHERE f.has_product AND NOT f.withheld AND f.sido = a.sido AND f.sigungu = a.sigungu AND f.bname = ANY (string_to_array(a.bnames, E'\\x1f')){filter}
             ORDER BY f.name COLLATE \"C\", f.id LIMIT {limit} OFFSET a.skip"
        )
    };
    match (by_name, by_location) {
        (false, false) => {
            format!(
                "SELECT f.id FROM stores f WHERE f.has_product AND NOT f.withheld ORDER BY f.created_at DESC, f.id DESC LIMIT {limit} OFFSET a.skip"
            )
        }
        (true, true) => place(" AND EXISTS (SELECT 1 FROM store_search x WHERE x.store_id = f.id AND x.words LIKE a.pattern)"),
        (false, true) => place(""),
        // Of a text that few stores have the trigrams' index gives all; of one that many have it would give thousands to be
        // sorted, but a full page stands among the first stores.
        (true, false) => format!(
            "WITH near AS MATERIALIZED (
                SELECT store_id, name FROM (SELECT * FROM store_search ORDER BY name, store_id LIMIT {NEAR}) first
                WHERE words LIKE a.pattern ORDER BY name, store_id LIMIT {limit} OFFSET a.skip
            ), hits AS MATERIALIZED (
                SELECT store_id, name FROM store_search WHERE (SELECT count(*) FROM near) < {limit} AND words LIKE a.pattern
            )
            SELECT found.store_id FROM (
                SELECT store_id, name FROM near WHERE (SELECT count(*) FROM near) = {limit}
                UNION ALL (SELECT store_id, name FROM hits ORDER BY name, store_id LIMIT {limit} OFFSET a.skip)
            ) found ORDER BY found.name, found.store_id"
        ),
    }
}

/// The statement of many pages. Each OFFSET 0 keeps PostgreSQL from reading whole tables for what it takes for many stores.
fn pages_statement(by_name: bool, by_location: bool, limit: i64) -> String {
    let page = page_of_ids(by_name, by_location, limit);
    format!(
        "SELECT a.turn, page.id, v.version, p.initial_stock, p.sold, p.held, p.adjustment, p.price, p.sale, p.version AS product_version
         FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY AS a (skip, pattern, sido, sigungu, bnames, turn)
         CROSS JOIN LATERAL unnest(ARRAY({page})) WITH ORDINALITY AS page (id, place)
         CROSS JOIN LATERAL (SELECT version FROM store_versions WHERE store_id = page.id OFFSET 0) v
         LEFT JOIN LATERAL (SELECT * FROM products WHERE store_id = page.id OFFSET 0) p ON true
         ORDER BY a.turn, page.place, p.id"
    )
}

/// A product of a store on a page; without its columns where the store has none.
#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
    #[diesel(sql_type = t::Text)]
    id: String,
    #[diesel(sql_type = t::BigInt)]
    version: i64,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    initial_stock: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    sold: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    held: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    adjustment: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::BigInt>)]
    price: Option<i64>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    sale: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    product_version: Option<i32>,
}

impl PageRow {
    fn numbers(&self) -> Option<Numbers> {
        Some(Numbers {
            stock: Stock { initial: self.initial_stock?, sold: self.sold?, held: self.held?, adjustment: self.adjustment? },
            price: self.price?,
            sale: self.sale?,
            version: self.product_version?,
        })
    }
}

#[derive(QueryableByName)]
struct FavoriteRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
}

/// A store on a page, whoever looks at it.
#[derive(Clone)]
pub(super) struct Shown {
    document: Arc<StoreDocument>,
    products: Arc<[Product]>,
}

/// What the statement says of a store.
pub(super) struct Said {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) numbers: Vec<Numbers>,
}

/// A page, without who asks for it.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Page<'a> {
    filter: &'a StoreFilter,
    offset: i64,
}

impl Postgres {
    /// A page, read with those that others ask for just then.
    pub(super) async fn page_together(&self, asked: PageAsked) -> Result<Vec<ListedStore>> {
        if asked.offset > FAR {
            return Ok(self.pages(&[asked]).await?.pop().unwrap_or_default());
        }
        let statement = || -> Statement<PageAsked, Vec<ListedStore>> {
            let postgres = self.clone();
            Box::new(move |asked| {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.pages(&asked).await })
            })
        };
        self.lines.pages_of(&asked.filter).ask(asked, statement).await
    }

    /// The pages of searches of one kind. Who asks for the same one is shown the same one.
    async fn pages(&self, asked: &[PageAsked]) -> Result<Vec<Vec<ListedStore>>> {
        let (mut turns, mut pages) = (HashMap::new(), Vec::new());
        let of_asked: Vec<usize> = asked
            .iter()
            .map(|ask| {
                let page = Page { filter: &ask.filter, offset: ask.offset };
                *turns.entry(page).or_insert_with(|| {
                    pages.push(page);
                    pages.len() - 1
                })
            })
            .collect();
        let limit = asked.iter().map(|ask| ask.limit).max().unwrap_or_default();
        let said = self.read_pages(&pages, limit).await?;
        let shown = self.with_documents(said).await?;
        let listed = asked.iter().zip(of_asked).map(|(ask, page)| {
            let stores = shown[page].iter().take(usize::try_from(ask.limit).unwrap_or_default());
            (&ask.customer, stores.cloned().collect::<Vec<_>>())
        });
        self.with_favorites(listed.collect()).await
    }

    /// What stands on these pages now.
    async fn read_pages(&self, pages: &[Page<'_>], limit: i64) -> Result<Vec<Vec<Said>>> {
        let Some(StoreFilter { location, name }) = pages.first().map(|page| page.filter) else { return Ok(Vec::new()) };
        let statement = pages_statement(name.is_some(), location.is_some(), limit);
        let of_place = |of: fn(&cheapbob_domain::stores::BnameFilter) -> String| -> Vec<Option<String>> {
            pages.iter().map(|page| page.filter.location.as_ref().map(of)).collect()
        };
        let offsets: Vec<_> = pages.iter().map(|page| page.offset).collect();
        let patterns: Vec<_> = pages.iter().map(|page| page.filter.name.as_deref().map(pattern)).collect();
        let (sidos, sigungus) = (of_place(|place| place.sido.clone()), of_place(|place| place.sigungu.clone()));
        let bnames = of_place(|place| place.bnames.join(DIVIDER));
        // Owns what it asks for: it may be asked twice.
        let query = || {
            prepared(
                sql_query(&statement)
                    .bind::<t::Array<t::BigInt>, _>(offsets.clone())
                    .bind::<t::Array<t::Nullable<t::Text>>, _>(patterns.clone())
                    .bind::<t::Array<t::Nullable<t::Text>>, _>(sidos.clone())
                    .bind::<t::Array<t::Nullable<t::Text>>, _>(sigungus.clone())
                    .bind::<t::Array<t::Nullable<t::Text>>, _>(bnames.clone()),
            )
        };
        let OfOthers { rows, .. } = self.load_of_others::<_, PageRow>(query).await?;
        let mut said: Vec<Vec<Said>> = pages.iter().map(|_| Vec::new()).collect();
        for row in rows {
            let page = usize::try_from(row.turn - 1).ok().and_then(|turn| said.get_mut(turn)).ok_or_else(|| bad_row("a page's turn"))?;
            let numbers = row.numbers();
            if page.last().is_none_or(|store| store.id != row.id) {
                page.push(Said { id: row.id, version: row.version, numbers: Vec::new() });
            }
            if let Some(store) = page.last_mut() {
                store.numbers.extend(numbers);
            }
        }
        Ok(said)
    }

    /// The stores of these pages: those that are kept in the version that they have, with the numbers of now; the others are read anew. A
    /// store that was deleted meanwhile is left out.
    pub(super) async fn with_documents(&self, pages: Vec<Vec<Said>>) -> Result<Vec<Vec<Shown>>> {
        let shown = |said: &Said| {
            let kept = self.documents.get(said.version).filter(|kept| kept.document.store.id.as_str() == said.id)?;
            let products = kept.products_now(&said.numbers)?;
            Some(Shown { document: Arc::clone(&kept.document), products })
        };
        let pages: Vec<Vec<_>> = pages.into_iter().map(|page| page.into_iter().map(|said| shown(&said).ok_or(said.id)).collect()).collect();
        let missing: HashSet<&String> = pages.iter().flatten().filter_map(|store| store.as_ref().err()).collect();
        let read = self.read_documents(missing.into_iter().cloned().collect()).await?;
        let read = |id: String| {
            let kept = read.get(&StoreId::trusted(id))?;
            Some(Shown { document: Arc::clone(&kept.document), products: Arc::clone(&kept.products) })
        };
        Ok(pages.into_iter().map(|page| page.into_iter().filter_map(|store| store.map_or_else(read, Some)).collect()).collect())
    }

    /// Who has which of their stores among the favourites. It is read on the primary: they have written it themselves.
    pub(super) async fn with_favorites(&self, pages: Vec<(&Email, Vec<Shown>)>) -> Result<Vec<Vec<ListedStore>>> {
        let mut pairs = HashMap::new();
        for (customer, stores) in &pages {
            for store in stores {
                let next = pairs.len();
                pairs.entry((customer.as_str(), store.document.store.id.as_str())).or_insert((next, false));
            }
        }
        let mut in_order: Vec<_> =
            pairs.iter_mut().map(|((customer, store), (turn, is_favorite))| (*turn, *customer, *store, is_favorite)).collect();
        in_order.sort_unstable_by_key(|(turn, ..)| *turn);
        if !in_order.is_empty() {
            let customers: Vec<_> = in_order.iter().map(|(_, customer, ..)| *customer).collect();
            let stores: Vec<_> = in_order.iter().map(|(_, _, store, _)| *store).collect();
            let query = sql_query(FAVORITES).bind::<t::Array<t::Text>, _>(customers).bind::<t::Array<t::Text>, _>(stores);
            let rows: Vec<FavoriteRow> = prepared(query).load(&mut self.connection().await?).await.map_err(failed)?;
            for FavoriteRow { turn } in rows {
                let pair = usize::try_from(turn - 1).ok().and_then(|turn| in_order.get_mut(turn));
                *pair.ok_or_else(|| bad_row("a favourite's turn"))?.3 = true;
            }
        }
        let listed = |customer: &Email, Shown { document, products }: Shown| {
            let is_favorite = pairs.get(&(customer.as_str(), document.store.id.as_str())).is_some_and(|(_, is_favorite)| *is_favorite);
            ListedStore { document, products, is_favorite }
        };
        Ok(pages.iter().map(|(customer, stores)| stores.iter().map(|store| listed(customer, store.clone())).collect()).collect())
    }
}
