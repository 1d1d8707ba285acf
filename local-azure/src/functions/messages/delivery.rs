//! Delivers a batch, again and again if it fails, by the rules of its service.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::batch::Batch;
use crate::functions::app::{FunctionDefinition, MessageSource, ServiceTrigger};
use crate::functions::envelope::TriggerInput;
use crate::functions::invocation::Invoker;
use crate::functions::log::LogLevel;
use crate::functions::settings::QueueSettings;

/// A queue's or subscription's `MaxDeliveryCount` in Service Bus when nobody has set it.
const SERVICE_BUS_DELIVERIES: u32 = 10;
/// Tries of a change (`SqlTableChangeMonitor.cs`, `MaxChangeProcessAttemptCount`).
const SQL_ATTEMPTS: u32 = 5;
/// How many given-up messages are kept for [`crate::functions::FunctionsHost::poison_messages`].
const KEPT: usize = 1_000;

/// A message that failed as often as its service delivers one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonMessage {
    /// The function that failed.
    pub function: String,
    /// Where the service would keep it: `orders-poison`, or `orders/$DeadLetterQueue`.
    pub queue: String,
    /// The message as it was given.
    pub message: String,
    /// How often it was delivered.
    pub deliveries: u32,
}

/// Delivers messages, and keeps those that were given up.
#[derive(Debug)]
pub(in crate::functions) struct Deliveries {
    queues: QueueSettings,
    given_up: Mutex<VecDeque<PoisonMessage>>,
}

/// How a service goes on after a failure.
enum AfterFailure {
    /// Delivers again up to `most` times in all, then moves the message to a place for those.
    Again { most: u32, wait: Duration, then: Option<String>, reason: &'static str },
    /// The function's own `retry` policy repeats the run; after that the service goes on to the next message.
    GoOn,
}

impl Deliveries {
    pub(in crate::functions) fn new(queues: QueueSettings) -> Self {
        Self { queues, given_up: Mutex::default() }
    }

    /// The newest messages that were given up.
    pub(in crate::functions) fn given_up(&self) -> Vec<PoisonMessage> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Runs a function with a batch until it succeeds or the service gives up. What happens is in the log.
    pub(in crate::functions) async fn deliver(
        &self,
        invoker: &Arc<Invoker>,
        function: &FunctionDefinition,
        trigger: &ServiceTrigger,
        batch: &Batch,
        reason: &str,
    ) {
        let (most, wait, then, because) = match self.after_failure(trigger) {
            AfterFailure::GoOn => {
                let input = TriggerInput::Message(batch.message(1));
                if invoker.invoke_with_retries(function, &input, reason).await.is_err() {
                    let text = "The checkpoint moves on: what failed is not delivered again. A \"retry\" in function.json repeats a failed run.";
                    invoker.log.function(LogLevel::Warning, &function.name, text);
                }
                return;
            }
            AfterFailure::Again { most, wait, then, reason } => (most, wait, then, reason),
        };
        for delivery in 1..=most {
            let input = TriggerInput::Message(batch.message(delivery));
            // A message in the hands of a host that stops is neither done nor given up.
            if invoker.invoke(function, &input, reason, None).await.is_ok() || invoker.is_over() {
                return;
            }
            if delivery < most {
                tokio::time::sleep(wait).await;
            }
        }
        match then {
            Some(queue) => {
                let text = format!("{because} of {most}. Moving message to queue '{queue}'.");
                invoker.log.function(LogLevel::Warning, &function.name, text);
                self.keep(PoisonMessage {
                    function: function.name.clone(),
                    queue,
                    message: batch.input().to_owned(),
                    deliveries: most,
                });
            }
            None => {
                let text = format!("{because} of {most}. It is not delivered again.");
                invoker.log.function(LogLevel::Warning, &function.name, text);
            }
        }
    }

    fn after_failure(&self, trigger: &ServiceTrigger) -> AfterFailure {
        let source = &trigger.source;
        match trigger.service {
            // `QueueProcessor.cs`: poison queues are named after their queue.
            MessageSource::Queue => AfterFailure::Again {
                most: self.queues.max_dequeue_count,
                wait: self.queues.visibility_timeout,
                then: Some(format!("{source}-poison")),
                reason: "Message has reached MaxDequeueCount",
            },
            // Blobs are announced through a queue of the host's own.
            MessageSource::Blob => AfterFailure::Again {
                most: self.queues.max_dequeue_count,
                wait: self.queues.visibility_timeout,
                then: Some("webjobs-blobtrigger-poison".to_owned()),
                reason: "Message has reached MaxDequeueCount",
            },
            MessageSource::ServiceBus => AfterFailure::Again {
                most: SERVICE_BUS_DELIVERIES,
                wait: Duration::ZERO,
                then: Some(format!("{source}/$DeadLetterQueue")),
                reason: "Message has reached MaxDeliveryCount",
            },
            MessageSource::Sql => AfterFailure::Again {
                most: SQL_ATTEMPTS,
                wait: Duration::ZERO,
                then: None,
                reason: "The changes have reached the limit of attempts",
            },
            // Event Grid delivers again by itself, minutes later, from outside.
            MessageSource::EventGrid | MessageSource::Other => AfterFailure::Again {
                most: 1,
                wait: Duration::ZERO,
                then: None,
                reason: "The message has reached the number of deliveries by this host",
            },
            MessageSource::EventHub | MessageSource::CosmosDb => AfterFailure::GoOn,
        }
    }

    fn keep(&self, message: PoisonMessage) {
        let mut kept = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(message);
    }
}
