//! Alerts of fraud in subscriptions of customers, for which partners are liable (SEC-018).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::partner::{Account, Tenant};
use crate::subscription::Subscription;
use crate::time::Timestamp;
use crate::words;

words! {
    /// What was detected.
    pub enum FraudKind {
        /// Consumption that is not like that of before.
        UsageAnomaly = "usage_anomaly_detection",
        /// Connections to pools in which currency is mined.
        CryptoMining = "network_connections_to_crypto_mining_pools",
        /// Machines that are not like those of before.
        MachineDeployment = "virtual_machine_deployment_anomaly",
        /// Sets of machines in many regions.
        ScaleSetDeployment = "multi_region_virtual_machine_scale_set_deployment_anomaly",
        /// Learning in many regions.
        MachineLearning = "multi_region_machine_learning_usage_anomaly",
        /// Advice on the security of a service.
        SecurityAdvisory = "service_health_security_advisory",
    }
}

words! {
    /// How much an alert weighs, and how sure it is.
    pub enum Level {
        /// Little.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
    }
}

words! {
    /// How far an alert is.
    pub enum FraudStatus {
        /// Nobody has looked at it.
        Active = "active",
        /// The partner looks into it.
        Investigating = "investigating",
        /// The partner knows what it was.
        Resolved = "resolved",
    }
}

words! {
    /// What an alert turned out to be.
    pub enum FraudReason {
        /// That is not known yet.
        None = "none",
        /// It was fraud.
        Fraud = "fraud",
        /// It was none.
        Ignore = "ignore",
    }
}

/// An alert of fraud. Personal: its steps name people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FraudEvent {
    /// Its id.
    pub id: Id<FraudEvent>,
    /// Its short name.
    pub handle: String,
    /// In which subscription.
    pub subscription: Id<Subscription>,
    /// Whose that is.
    pub customer: Id<Tenant>,
    /// The partner that is billed for it, and liable.
    pub partner: Id<Account>,
    /// What was detected.
    pub kind: FraudKind,
    /// How much it weighs.
    pub severity: Level,
    /// How sure it is.
    pub confidence: Level,
    /// In few words.
    pub title: String,
    /// In many.
    pub description: String,
    /// The resource that was used; empty where it is about the whole subscription.
    pub resource: String,
    /// Its type.
    pub resource_type: String,
    /// The group that it is in.
    pub resource_group: String,
    /// What else was seen, each under its name.
    pub details: BTreeMap<String, String>,
    /// It is a trial of the alarm, and no fraud.
    pub is_test: bool,
    /// How often it was seen.
    pub hits: i64,
    /// When it happened first.
    pub first_occurrence: Timestamp,
    /// When it happened last.
    pub last_occurrence: Timestamp,
    /// When the operator reported it first.
    pub first_observed: Timestamp,
    /// When the operator reported it last.
    pub last_observed: Timestamp,
    /// How far it is.
    pub status: FraudStatus,
    /// What it turned out to be.
    pub reason: FraudReason,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// By whom; empty for nobody in particular.
    pub resolved_by: String,
    /// Each change of its status.
    pub steps: Vec<FraudStep>,
    /// Changes with every write.
    pub version: i64,
}

/// A change of an alert's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FraudStep {
    /// What it was.
    pub from: FraudStatus,
    /// What it became.
    pub to: FraudStatus,
    /// Who changed it; empty for nobody in particular.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
