//! The order request: a reseller drafts a purchase for its customer, its provider places it or declines.
//!
//! The document says that resellers procure offers from their provider's marketplace; a reseller that tries
//! to order itself is refused (IDN-003), and this is the way that is open to it.

use serde::{Deserialize, Serialize};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::order::{Order, OrderRequest, RequestState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_rules::{Checkpoint, Facts};
use tierline_store::{Tx, Value, tables};

use crate::actor::{self, Acting, ActorSpec};
use crate::attempt::UseCase;
use crate::billing::marketplace;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::order::{PlaceOrder, Placed, Wanted};
use crate::{facts, fields, names};

/// A reseller asks its provider for a purchase.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestOrder {
    /// Names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The provider.
    pub provider: String,
    /// The customer.
    pub customer: String,
    /// The item.
    pub item: String,
    /// How many.
    #[serde(default = "one")]
    pub quantity: i64,
    /// For how long; as an order's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<tierline_domain::catalog::Term>,
    /// How it is billed; as an order's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<tierline_domain::catalog::Frequency>,
    /// What the reseller adds.
    #[serde(default)]
    pub note: String,
    /// The price per seat that the reseller saw: where the provider asks another one by now, the request is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
}

const fn one() -> i64 {
    1
}

/// The provider answers a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerOrderRequest {
    /// The request.
    pub request: String,
    /// Place the order, or decline.
    pub accept: bool,
    /// Why it is declined.
    #[serde(default)]
    pub reason: String,
}

/// What a request answers.
#[derive(Clone, Debug, Serialize)]
pub struct Requested {
    /// The request.
    pub request: String,
    /// Its state.
    pub state: RequestState,
    /// The order it became.
    pub order: Option<Placed>,
    /// What the provider asks, per seat for the whole term; none where the item is not open in its marketplace. An
    /// acceptance holds it.
    pub price: Option<Money>,
}

impl RequestOrder {
    /// A price that is not the provider's any more, or never was, is told before anything is asked for.
    fn as_seen(&self, quoted: Option<Money>) -> Result<(), AppError> {
        match (self.price, quoted) {
            (Some(seen), Some(asked)) if seen != asked => Err(AppError::Conflict(format!(
                "price: {} asks {asked} by now; look at its marketplace again",
                self.provider
            ))),
            (Some(_), None) => Err(AppError::invalid(
                "price",
                format!(
                    "{} is not open to you in the marketplace of {}; leave the price out",
                    self.item, self.provider
                ),
            )),
            _ => Ok(()),
        }
    }

    fn wanted(&self, reseller: &str) -> Wanted {
        Wanted {
            quantity: self.quantity,
            term: self.term,
            frequency: self.frequency,
            partner_of_record: Some(reseller.to_owned()),
            ..Wanted::one_of(&self.customer, &self.item)
        }
    }
}

impl UseCase for RequestOrder {
    type Out = Requested;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RequestOrder
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let reseller = acting.partner()?;
        let provider = names::the_account(tx, &self.provider).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        // The provider's order tells what is wrong with the line; the rest of it is judged when the provider answers.
        let selling = actor::resolve(tx, &ActorSpec::of(&provider.handle)).await?;
        let mut order = PlaceOrder(self.wanted(&reseller.handle))
            .facts(ctx, &selling, tx)
            .await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::RequestOrder).await?;
        found.new_business = true;
        found.other = order.actor.take();
        found.partnership = Some(facts::partnership(tx, &provider, reseller, ctx.now).await?);
        found.buyer = order.buyer.take();
        found.relation = Some(facts::relation(tx, reseller, &customer).await?);
        found.other_relation = order.relation.take();
        found.purchase = order.purchase.take();
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Requested, AppError> {
        let reseller = acting.partner()?;
        let provider = names::the_account(tx, &self.provider).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let item = names::the_item(tx, &self.item).await?;
        let line = self.wanted(&reseller.handle).line(&item);
        let today = ctx.now.date();
        let quoted =
            marketplace::quote(tx, &provider, reseller, &customer, &item, line.term, today).await?;
        self.as_seen(quoted)?;
        let id: Id<OrderRequest> = ctx.ids().next();
        let handle = self.id.clone().unwrap_or_else(|| id.to_string());
        fields::free("id", &handle, find(tx, &handle).await?.is_some())?;
        let request = OrderRequest {
            id,
            handle,
            reseller: reseller.id,
            provider: provider.id,
            customer: customer.id,
            line,
            state: RequestState::Open,
            note: self.note.clone(),
            reason: String::new(),
            created: ctx.now,
            answered: None,
            became: None,
            version: 1,
            quoted,
        };
        tx.insert(&request).await?;
        Ok(Requested {
            request: request.handle,
            state: request.state,
            order: None,
            price: request.quoted,
        })
    }
}

/// A request by its name or id.
async fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<OrderRequest>, AppError> {
    if let Ok(id) = name.parse::<uuid::Uuid>()
        && let Some(request) = tx.get::<OrderRequest>(&[Value::Id(id)]).await?
    {
        return Ok(Some(request));
    }
    let named = tx
        .find::<OrderRequest>(
            tables::order_requests::BY_HANDLE,
            &[Value::Text(name.to_owned())],
        )
        .await?;
    Ok(named.into_iter().next())
}

/// Whether a request with that name is on record.
///
/// # Errors
/// When the store fails.
pub(crate) async fn is_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool, AppError> {
    Ok(find(tx, name).await?.is_some())
}

impl AnswerOrderRequest {
    async fn request(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<OrderRequest, AppError> {
        let provider = acting.partner()?.id;
        // A request that was sent to somebody else does not exist for this caller.
        find(tx, &self.request)
            .await?
            .filter(|request| request.provider == provider)
            .ok_or_else(|| AppError::missing("order request", &self.request))
    }

    /// The state in which this answer leaves a request.
    const fn answer(&self) -> RequestState {
        if self.accept {
            RequestState::Accepted
        } else {
            RequestState::Declined
        }
    }

    /// One answer, and for good: the same again is a repeat, another one a conflict. Who declines says why.
    fn admissible(&self, request: &OrderRequest) -> Result<(), AppError> {
        if request.state != RequestState::Open && request.state != self.answer() {
            return Err(AppError::Conflict(format!(
                "the order request {} was {} already",
                request.handle, request.state
            )));
        }
        if !self.accept && request.state == RequestState::Open && self.reason.trim().is_empty() {
            return Err(AppError::invalid(
                "reason",
                "a request is declined with a reason for the reseller",
            ));
        }
        Ok(())
    }

    /// The provider's order, with that reseller as partner of record.
    async fn order(&self, tx: &mut Tx<'_>, request: &OrderRequest) -> Result<PlaceOrder, AppError> {
        let reseller: Account = names::by_id(tx, request.reseller).await?;
        let customer: Tenant = names::by_id(tx, request.customer).await?;
        let item: tierline_domain::catalog::Item = names::by_id(tx, request.line.item).await?;
        let asked = RequestOrder {
            id: None,
            provider: String::new(),
            customer: customer.handle,
            item: item.handle,
            quantity: request.line.quantity,
            term: Some(request.line.term),
            frequency: Some(request.line.frequency),
            note: String::new(),
            price: None,
        };
        Ok(PlaceOrder(asked.wanted(&reseller.handle)))
    }
}

/// The order that a request became, as it was told the first time.
async fn placed_before(tx: &mut Tx<'_>, order: Id<Order>) -> Result<Placed, AppError> {
    let order: Order = names::by_id(tx, order).await?;
    let subscription = match order.lines.iter().find_map(|line| line.subscription) {
        Some(id) => Some(names::by_id::<Subscription, _>(tx, id).await?.handle),
        None => None,
    };
    Ok(Placed {
        order: Some(order.handle),
        subscription,
        replayed: true,
        ..Placed::default()
    })
}

impl UseCase for AnswerOrderRequest {
    type Out = Requested;

    fn checkpoint(&self) -> Checkpoint {
        if self.accept {
            Checkpoint::Order
        } else {
            Checkpoint::AnswerOrderRequest
        }
    }

    fn subject(&self) -> String {
        self.request.clone()
    }

    fn keeps_decision(&self) -> bool {
        self.accept
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let request = self.request(tx, acting).await?;
        self.admissible(&request)?;
        if self.accept && request.state == RequestState::Open {
            return self.order(tx, &request).await?.facts(ctx, acting, tx).await;
        }
        facts::begin(tx, ctx, acting, Checkpoint::AnswerOrderRequest).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Requested, AppError> {
        let mut request = self.request(tx, acting).await?;
        if request.state != RequestState::Open {
            // Answered before: the first answer is told again, with what the request became.
            let order = match request.became {
                Some(order) => Some(placed_before(tx, order).await?),
                None => None,
            };
            return Ok(Requested {
                request: request.handle,
                state: request.state,
                order,
                price: request.quoted,
            });
        }
        let mut order = None;
        if self.accept {
            let placed = self
                .order(tx, &request)
                .await?
                .apply(ctx, acting, facts, tx)
                .await?;
            if let Some(name) = &placed.subscription {
                let subscription = names::the_subscription(tx, name).await?;
                marketplace::agree(tx, &request, &subscription).await?;
            }
            request.became = match &placed.order {
                Some(placed) => names::order(tx, placed).await?.map(|order| order.id),
                None => None,
            };
            order = Some(placed);
        }
        request.state = self.answer();
        request.reason.clone_from(&self.reason);
        request.answered = Some(ctx.now);
        request.version = request.version.saturating_add(1);
        tx.put(&request).await?;
        Ok(Requested {
            request: request.handle,
            state: request.state,
            order,
            price: request.quoted,
        })
    }
}
