//! A partner's customers and a provider's resellers, as lists show them: one joined statement a page.
//!
//! The order is the company's name without regard to case, then the tenant; the name of a company stands in its
//! contact row, folded, and in its organization's where it has none.

use tierline_domain::place::Country;
use uuid::Uuid;

use crate::engine::Tx;
use crate::error::StoreError;
use crate::{params, statements};

statements! {
    PAGE = "SELECT t.id, t.domain, COALESCE(c.company_name, o.name) AS company, COALESCE(c.folded, lower(o.name)) AS folded
        FROM relationships r
        JOIN tenants t ON t.id = r.customer
        JOIN organizations o ON o.id = t.organization
        LEFT JOIN contacts c ON c.tenant = t.id
        WHERE r.partner = $1 AND r.state = 'active'
            AND COALESCE(c.folded, lower(o.name)) >= $2 AND COALESCE(c.folded, lower(o.name)) < $3
            AND lower(t.domain) >= $4 AND lower(t.domain) < $5
            AND ($6 OR EXISTS (SELECT 1 FROM accounts a JOIN relationships s ON s.partner = a.id
                WHERE a.tenant = $7 AND s.customer = r.customer AND s.state = 'active'))
        ORDER BY folded, t.id LIMIT $8 OFFSET $9";
    RESELLERS = "SELECT a.tenant, o.name, COALESCE(l.partner_id, '') AS partner_id, a.country
        FROM partnerships p
        JOIN accounts a ON a.id = p.reseller
        JOIN organizations o ON o.id = a.organization
        LEFT JOIN locations l ON l.id = a.location
        WHERE p.provider = $1 AND p.state = 'active'
            AND ($2 OR EXISTS (SELECT 1 FROM relationships s WHERE s.partner = a.id AND s.customer = $3 AND s.state = 'active'))
        ORDER BY o.name, a.handle";
    PROVIDERS = "SELECT a.tenant, o.name, COALESCE(l.partner_id, '') AS partner_id, a.country
        FROM partnerships p
        JOIN accounts a ON a.id = p.provider
        JOIN organizations o ON o.id = a.organization
        LEFT JOIN locations l ON l.id = a.location
        WHERE p.reseller = $1 AND p.state = 'active'
        ORDER BY o.name, a.handle";
    DOMAIN_HELD = "SELECT CAST(1 AS BIGINT) FROM tenants WHERE domain = $1
        UNION ALL SELECT CAST(1 AS BIGINT) FROM verified_domains WHERE domain = $1
        UNION ALL SELECT CAST(1 AS BIGINT) FROM accounts WHERE lower(domain) = $1";
}

/// Behind every text that begins with another: no letter comes after this one.
const LAST: char = char::MAX;

/// What a list of customers is narrowed to. Names and domains are prefixes, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// How the company's name begins.
    pub name: String,
    /// How the domain begins.
    pub domain: String,
    /// The tenant of another partner that serves the customer too.
    pub served_by: Option<Uuid>,
}

/// One customer of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The company's name as the list is sorted.
    pub folded: String,
    /// The tenant.
    pub tenant: Uuid,
    /// Its first domain.
    pub domain: String,
    /// The company's name.
    pub company: String,
}

/// The other side of a partnership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// Its tenant.
    pub tenant: Uuid,
    /// Its organization's name.
    pub name: String,
    /// The PartnerID of its location; empty where it has none.
    pub partner_id: String,
    /// Its country.
    pub country: Country,
}

impl Tx<'_> {
    /// A page of a partner's customers.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn customers_of(
        &mut self,
        partner: Uuid,
        narrowed: &Narrowed,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Listed>, StoreError> {
        let end = |prefix: &str| format!("{prefix}{LAST}");
        let (name_end, domain_end) = (end(&narrowed.name), end(&narrowed.domain));
        let params = params![
            partner,
            narrowed.name,
            name_end,
            narrowed.domain,
            domain_end,
            narrowed.served_by.is_none(),
            narrowed.served_by.unwrap_or_default(),
            limit,
            offset
        ];
        let rows = self
            .fetch_all::<(Uuid, String, String, String)>(PAGE, &params)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(tenant, domain, company, folded)| Listed {
                folded,
                tenant,
                domain,
                company,
            })
            .collect())
    }

    /// The resellers of a provider; of these, those that serve a customer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resellers_of(
        &mut self,
        provider: Uuid,
        customer: Option<Uuid>,
    ) -> Result<Vec<Counterpart>, StoreError> {
        let params = params![provider, customer.is_none(), customer.unwrap_or_default()];
        self.counterparts(RESELLERS, &params).await
    }

    /// The providers of a reseller.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn providers_of(&mut self, reseller: Uuid) -> Result<Vec<Counterpart>, StoreError> {
        self.counterparts(PROVIDERS, &params![reseller]).await
    }

    async fn counterparts(
        &mut self,
        statement: crate::Statement,
        params: &[crate::Value],
    ) -> Result<Vec<Counterpart>, StoreError> {
        let rows = self
            .fetch_all::<(Uuid, String, String, Country)>(statement, params)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(tenant, name, partner_id, country)| Counterpart {
                tenant,
                name,
                partner_id,
                country,
            })
            .collect())
    }

    /// Whether anybody has a domain, given in small letters.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn domain_held(&mut self, domain: &str) -> Result<bool, StoreError> {
        let found = self
            .fetch_optional::<(i64,)>(DOMAIN_HELD, &params![domain])
            .await?;
        Ok(found.is_some())
    }
}
