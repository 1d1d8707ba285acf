//! Triggers that bring a payload (queues, topics, event hubs, blobs, change feeds), and what the host owns of each.

/// A message function's binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTrigger {
    /// The trigger binding's name.
    pub binding: String,
    /// The kind of its type.
    pub kind: &'static MessageKind,
    /// Whether the payload is an array of messages.
    pub batch: bool,
    /// `dataType` is `binary`: the host sends base64.
    pub binary: bool,
    /// For a blob trigger: the names in braces of its `path`, which the host gives values.
    pub path_names: Vec<String>,
}

impl MessageTrigger {
    /// The names of metadata that the host owns for this trigger, as it spells them. Everything else that stands in
    /// `Metadata` was put there by a sender.
    #[must_use]
    pub fn metadata_names(&self) -> Vec<String> {
        let of_kind = self.kind.metadata.iter().map(|name| match (self.batch, self.kind.batches) {
            (true, Batches::ByCardinality) => format!("{name}Array"),
            _ => (*name).to_owned(),
        });
        let whole = self.kind.metadata_of_delivery.iter().map(|name| (*name).to_owned());
        of_kind.chain(whole).chain(self.path_names.iter().cloned()).chain(COMMON.map(str::to_owned)).collect()
    }
}

/// What the host says of every invocation (`SystemBindingData.cs` in azure-webjobs-sdk; `SetRetryContext` in
/// azure-functions-host's `ScriptInvocationContextExtensions.cs`).
const COMMON: [&str; 2] = ["RetryContext", "sys"];

/// A type of trigger.
#[derive(Debug, PartialEq, Eq)]
pub struct MessageKind {
    /// As `function.json` spells it.
    pub name: &'static str,
    /// The host's names of what it knows about one message; the source is named beside each kind.
    metadata: &'static [&'static str],
    /// What it knows about a delivery, be it one message or a batch.
    metadata_of_delivery: &'static [&'static str],
    /// Whether several messages come at once.
    pub batches: Batches,
    /// What the host does with the key `retry` of the definition.
    pub retry: HostRetry,
}

/// Whether several messages come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// Never.
    Never,
    /// When the binding's `cardinality` is `many`.
    ByCardinality,
    /// Always.
    Always,
}

/// What the host does with the key `retry` (learn.microsoft.com, "Azure Functions error handling and retries": retry
/// policies work for timers, Event Hubs, Kafka and Cosmos DB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostRetry {
    /// Nothing: the service delivers again by a count of its own.
    None,
    /// It repeats a failed run.
    Works,
    /// It repeats a failed run, and without the key moves on: what failed is lost.
    Needed,
}

impl MessageKind {
    /// The kind of this type, which has no case.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
    }

    /// The names of all types.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.name)
    }

    const fn plain(name: &'static str) -> Self {
        Self {
            name,
            metadata: &[],
            metadata_of_delivery: &[],
            batches: Batches::Never,
            retry: HostRetry::None,
        }
    }
}

/// Names that end in "trigger" never reach the envelope (`ToHttpScriptInvocationContext`), and objects of the host's own
/// program, such as Service Bus' `MessageReceiver`, have no values to take: neither stands here.
static KINDS: [MessageKind; 13] = [
    // QueueTriggerBinding.cs, azure-sdk-for-net (Microsoft.Azure.WebJobs.Extensions.Storage.Queues).
    MessageKind {
        metadata: &["DequeueCount", "ExpirationTime", "Id", "InsertionTime", "NextVisibleTime", "PopReceipt"],
        ..MessageKind::plain("queueTrigger")
    },
    // ServiceBusTriggerBindingStrategy.cs, azure-sdk-for-net.
    MessageKind {
        metadata: &[
            "DeliveryCount",
            "DeadLetterSource",
            "LockToken",
            "ExpiresAtUtc",
            "ExpiresAt",
            "EnqueuedTimeUtc",
            "EnqueuedTime",
            "MessageId",
            "ContentType",
            "ReplyTo",
            "SequenceNumber",
            "To",
            "Subject",
            "Label",
            "CorrelationId",
            "ApplicationProperties",
            "UserProperties",
            "SessionId",
            "ReplyToSessionId",
            "PartitionKey",
            "TransactionPartitionKey",
        ],
        batches: Batches::ByCardinality,
        ..MessageKind::plain("serviceBusTrigger")
    },
    // EventHubTriggerBindingStrategy.cs, azure-sdk-for-net.
    MessageKind {
        metadata: &[
            "PartitionKey",
            "Offset",
            "OffsetString",
            "SequenceNumber",
            "EnqueuedTimeUtc",
            "Properties",
            "SystemProperties",
        ],
        metadata_of_delivery: &["TriggerPartitionContext", "PartitionContext"],
        batches: Batches::ByCardinality,
        retry: HostRetry::Needed,
        ..MessageKind::plain("eventHubTrigger")
    },
    // EventGridTriggerAttributeBindingProvider.cs, azure-sdk-for-net: `data`, which is the event's own.
    MessageKind { batches: Batches::ByCardinality, ..MessageKind::plain("eventGridTrigger") },
    // BlobTriggerBinding.cs, azure-sdk-for-net.
    MessageKind { metadata: &["Uri", "Properties", "Metadata"], ..MessageKind::plain("blobTrigger") },
    // Change feeds always come as arrays and bring no metadata.
    MessageKind {
        batches: Batches::Always,
        retry: HostRetry::Works,
        ..MessageKind::plain("cosmosDBTrigger")
    },
    MessageKind { batches: Batches::Always, ..MessageKind::plain("sqlTrigger") },
    MessageKind { batches: Batches::Always, ..MessageKind::plain("mysqlTrigger") },
    // KafkaTriggerBindingStrategy.cs, azure-functions-kafka-extension.
    MessageKind {
        metadata: &["Key", "Partition", "Topic", "Timestamp"],
        batches: Batches::ByCardinality,
        retry: HostRetry::Works,
        ..MessageKind::plain("kafkaTrigger")
    },
    // RabbitMQTriggerBinding.cs, azure-functions-rabbitmq-extension.
    MessageKind {
        metadata: &["ConsumerTag", "DeliveryTag", "Redelivered", "Exchange", "RoutingKey", "BasicProperties"],
        ..MessageKind::plain("rabbitMQTrigger")
    },
    MessageKind::plain("redisPubSubTrigger"),
    MessageKind::plain("redisListTrigger"),
    MessageKind::plain("redisStreamTrigger"),
];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeSet;

    use super::*;

    fn names(kind: &str, batch: bool) -> Vec<String> {
        let kind = MessageKind::find(kind).unwrap();
        let path_names = if kind.name == "blobTrigger" { vec!["name".to_owned()] } else { Vec::new() };
        MessageTrigger { binding: "m".to_owned(), kind, batch, binary: false, path_names }.metadata_names()
    }

    #[test]
    fn a_kind_owns_its_names_and_those_of_every_invocation() {
        assert_eq!(
            names("QueueTrigger", false),
            [
                "DequeueCount",
                "ExpirationTime",
                "Id",
                "InsertionTime",
                "NextVisibleTime",
                "PopReceipt",
                "RetryContext",
                "sys"
            ]
        );
        assert_eq!(
            names("blobTrigger", false),
            ["Uri", "Properties", "Metadata", "name", "RetryContext", "sys"]
        );
        assert_eq!(names("cosmosDBTrigger", true), ["RetryContext", "sys"]);
    }

    #[test]
    fn the_documentation_names_what_each_kind_owns() {
        let documentation = include_str!("../../docs/definitions.md");
        for kind in &KINDS {
            assert!(documentation.contains(&format!("`{}`", kind.name)), "{}", kind.name);
            let begin = format!("| `{}` |", kind.name);
            let rows = documentation.lines().filter(|line| line.starts_with(&begin));
            let named: BTreeSet<&str> = rows.flat_map(|row| row.split('`').skip(3).step_by(2)).collect();
            let owned = kind.metadata.iter().chain(kind.metadata_of_delivery);
            for name in owned {
                assert!(named.contains(name), "{} of {}", name, kind.name);
            }
        }
    }

    #[test]
    fn a_batch_has_arrays_of_what_the_host_knows_of_each_message() {
        let names = names("eventHubTrigger", true);
        assert!(names.contains(&"SequenceNumberArray".to_owned()), "{names:?}");
        assert!(names.contains(&"PartitionContext".to_owned()), "{names:?}");
        assert!(!names.contains(&"SequenceNumber".to_owned()), "{names:?}");
    }
}
