//! The order request: a reseller drafts a purchase for its customer, its provider places it or declines.
//!
//! The document says that resellers procure offers from their provider's marketplace; a reseller that tries
//! to order itself is refused (IDN-003), and this is the way that is open to it.

use serde::{Deserialize, Serialize};
use tierline_domain::id::Id;
use tierline_domain::order::{OrderRequest, RequestState};
use tierline_domain::partner::{Account, Tenant};
use tierline_rules::{Checkpoint, Facts};
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::order::{PlaceOrder, Placed, Wanted};
use crate::{facts, names};

/// A reseller asks its provider for a purchase.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestOrder {
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
}

impl RequestOrder {
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
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::RequestOrder).await?;
        found.partnership = Some(facts::partnership(tx, &provider, reseller, ctx.now).await?);
        found.other = Some(facts::party(tx, &provider, ctx.now.date()).await?);
        found.buyer = Some(facts::buyer(tx, &customer, Some(&provider), ctx.now.date()).await?);
        found.relation = Some(facts::relation(tx, reseller, &customer).await?);
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
        let id: Id<OrderRequest> = ctx.ids().next();
        let request = OrderRequest {
            id,
            handle: id.to_string(),
            reseller: reseller.id,
            provider: provider.id,
            customer: customer.id,
            line: self.wanted(&reseller.handle).line(&item),
            state: RequestState::Open,
            note: self.note.clone(),
            reason: String::new(),
            created: ctx.now,
            answered: None,
            became: None,
            version: 1,
        };
        tx.insert(&request).await?;
        Ok(Requested {
            request: request.handle,
            state: request.state,
            order: None,
        })
    }
}

impl AnswerOrderRequest {
    async fn request(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<OrderRequest, AppError> {
        let missing = || AppError::missing("order request", &self.request);
        let id = self.request.parse::<uuid::Uuid>().map_err(|_| missing())?;
        let request = tx
            .get::<OrderRequest>(&[Value::Id(id)])
            .await?
            .ok_or_else(missing)?;
        // A request that was sent to somebody else does not exist for this caller.
        if acting.partner()?.id == request.provider {
            Ok(request)
        } else {
            Err(missing())
        }
    }

    /// The provider's order, with that reseller as partner of record.
    async fn order(&self, tx: &mut Tx<'_>, request: &OrderRequest) -> Result<PlaceOrder, AppError> {
        let reseller: Account = names::by_id(tx, request.reseller).await?;
        let customer: Tenant = names::by_id(tx, request.customer).await?;
        let item: tierline_domain::catalog::Item = names::by_id(tx, request.line.item).await?;
        let asked = RequestOrder {
            provider: String::new(),
            customer: customer.handle,
            item: item.handle,
            quantity: request.line.quantity,
            term: Some(request.line.term),
            frequency: Some(request.line.frequency),
            note: String::new(),
        };
        Ok(PlaceOrder(asked.wanted(&reseller.handle)))
    }
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
            // Answered before: the first answer stands and is told again.
            return Ok(Requested {
                request: request.handle,
                state: request.state,
                order: None,
            });
        }
        let mut order = None;
        if self.accept {
            let placed = self
                .order(tx, &request)
                .await?
                .apply(ctx, acting, facts, tx)
                .await?;
            request.became = match &placed.order {
                Some(placed) => names::order(tx, placed).await?.map(|order| order.id),
                None => None,
            };
            order = Some(placed);
        }
        request.state = if self.accept {
            RequestState::Accepted
        } else {
            RequestState::Declined
        };
        request.reason.clone_from(&self.reason);
        request.answered = Some(ctx.now);
        request.version = request.version.saturating_add(1);
        tx.put(&request).await?;
        Ok(Requested {
            request: request.handle,
            state: request.state,
            order,
        })
    }
}
