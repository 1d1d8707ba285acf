//! Messages of services that aren't here: what a function gets for one that is given by hand, and what becomes of one that
//! fails.
//!
//! Facts: `QueueTriggerBinding.cs`, `QueueProcessor.cs`, `ServiceBusTriggerBindingStrategy.cs`,
//! `EventHubTriggerBindingStrategy.cs`, `BlobTriggerBinding.cs` and `EventGridTriggerAttributeBindingProvider.cs` of
//! azure-sdk-for-net (the webjobs extensions); `CosmosDBTriggerBinding.cs` of azure-webjobs-sdk-extensions;
//! `SqlTriggerBindingProvider.cs` of azure-functions-sql-extension; `Utility.cs` (`ApplyBindingData`) of
//! azure-functions-host.

mod batch;
mod delivery;
mod facts;

pub(super) use batch::Batch;
pub(super) use delivery::Deliveries;
pub use delivery::PoisonMessage;
