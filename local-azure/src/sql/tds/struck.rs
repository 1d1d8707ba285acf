//! What faults do to the requests of a session: before they run, in their middle, after, or late.

use super::outgoing::Suffering;
use super::session_request::SessionRequest;
use super::worker::Runner;
use crate::sql::engine::PlannedFailure;
use crate::sql::faults::{CutBy, Gate, Passer, ReplyRecord, RequestFault, RequestKind, Struck};
use crate::sql::reply::SqlError;

impl Runner {
    /// Runs a request, or does to it what a fault says.
    pub(super) fn serve(&mut self, request: SessionRequest) {
        let kind = request.kind();
        let text = request.text();
        let passer = Passer { application: Some(&self.application), text: Some(&text) };
        let struck = kind.and_then(|kind| self.faults.strike_request(kind, passer));
        self.reply.keep_record(ReplyRecord {
            spid: self.spid,
            application: self.application.clone(),
            request: kind,
            text,
            bytes: 0,
        });
        match struck {
            Some(struck) => self.strike(struck, request, kind == Some(RequestKind::Commit)),
            None => self.run(request),
        }
    }

    fn strike(&mut self, struck: Struck<RequestFault>, request: SessionRequest, is_commit: bool) {
        match struck.fault {
            RequestFault::Fail(error) => self.fail(&error, is_commit),
            RequestFault::Cut(by) => self.reply.cut(by),
            RequestFault::Stall(until) => {
                let gate = struck.release.gate(until);
                self.interrupt.wait_unless(|| gate.is_open());
                if !self.interrupt.is_raised() {
                    self.run(request);
                }
            }
            RequestFault::FailInBatch { after_statements, error } => {
                self.session.plan_failure(Some(PlannedFailure { after_statements, error }));
                self.run(request);
                self.session.plan_failure(None);
            }
            RequestFault::FailInRows { after_rows, error } => {
                self.reply.limit_rows(Some(after_rows));
                self.run(request);
                self.reply.limit_rows(None);
                self.session.fail(&error, &mut self.reply);
            }
            RequestFault::RunThenFail(error) => {
                self.run_unheard(request);
                self.session.fail(&error, &mut self.reply);
            }
            RequestFault::RunThenCut(by) => {
                self.run_unheard(request);
                self.reply.cut(by);
            }
            RequestFault::CutThenRun { by, until } => {
                let gate = struck.release.gate(until);
                self.run_as_orphan(request, by, &gate);
            }
            RequestFault::Reply(fault) => {
                self.reply.suffer(Suffering::new(fault, &struck.release));
                self.run(request);
            }
        }
    }

    /// Fails instead of running. A COMMIT that fails takes the transaction with it.
    fn fail(&mut self, error: &SqlError, is_commit: bool) {
        self.session.fail(error, &mut self.reply);
        if is_commit && self.reply.in_transaction() && !self.reply.is_fatal() {
            self.session.rollback(None, &mut self.reply);
        }
    }

    fn run_unheard(&mut self, request: SessionRequest) {
        self.reply.mute();
        self.run(request);
        self.reply.unmute();
    }

    /// Lets the client go and runs later, unless the server stops first.
    fn run_as_orphan(&mut self, request: SessionRequest, by: CutBy, gate: &Gate) {
        let _counted = self.faults.orphan();
        self.interrupt.outlive_client();
        self.reply.cut(by);
        self.interrupt.wait_unless(|| gate.is_open());
        if !self.interrupt.is_raised() {
            self.run_unheard(request);
        }
    }
}
