//! A lease: a pooled thing that goes back only when its user says that it is clean.
//!
//! deadpool gives back whatever is dropped, and a connection that is dropped in mid-reply would hand the rest of that
//! reply to the next caller. So a lease that is not finished on purpose takes its connection out of the pool.

use super::metrics::DiscardCause;

/// Something of a pool that can also leave it for good.
pub(super) trait Lendable {
    /// What is lent.
    type Item;
    /// The thing itself.
    fn item(&mut self) -> &mut Self::Item;
    /// Gives it back to the pool.
    fn give_back(self);
    /// Takes it out of the pool, which then has room for a new one.
    fn detach(self, cause: DiscardCause) -> Self::Item;
}

/// See the module.
pub(super) struct Lease<L: Lendable>(Option<L>);

impl<L: Lendable> Lease<L> {
    pub(super) fn new(lent: L) -> Self {
        Self(Some(lent))
    }

    /// The thing, until the lease ends.
    pub(super) fn item(&mut self) -> Option<&mut L::Item> {
        self.0.as_mut().map(Lendable::item)
    }

    /// The thing is clean: the next caller may have it.
    pub(super) fn give_back(mut self) {
        if let Some(lent) = self.0.take() {
            lent.give_back();
        }
    }

    /// The thing is not clean: it leaves the pool, and the caller may still say goodbye to it.
    pub(super) fn discard(mut self, cause: DiscardCause) -> Option<L::Item> {
        self.0.take().map(|lent| lent.detach(cause))
    }
}

impl<L: Lendable> Drop for Lease<L> {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            drop(lent.detach(DiscardCause::Abandoned));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    struct Lent<'a>(&'a RefCell<Vec<&'static str>>, u8);

    impl Lendable for Lent<'_> {
        type Item = u8;
        fn item(&mut self) -> &mut u8 {
            &mut self.1
        }
        fn give_back(self) {
            self.0.borrow_mut().push("back in the pool");
        }
        fn detach(self, cause: DiscardCause) -> u8 {
            self.0.borrow_mut().push(match cause {
                DiscardCause::Abandoned => "left the pool without a word",
                _ => "left the pool",
            });
            self.1
        }
    }

    #[test]
    fn a_lease_that_is_dropped_unfinished_leaves_the_pool() {
        let log = RefCell::new(Vec::new());
        drop(Lease::new(Lent(&log, 1)));
        assert_eq!(*log.borrow(), ["left the pool without a word"]);
    }

    #[test]
    fn a_lease_that_is_given_back_stays_in_the_pool() {
        let log = RefCell::new(Vec::new());
        Lease::new(Lent(&log, 1)).give_back();
        assert_eq!(*log.borrow(), ["back in the pool"]);
    }

    #[test]
    fn a_discarded_lease_hands_over_its_connection_once() {
        let log = RefCell::new(Vec::new());
        assert_eq!(Lease::new(Lent(&log, 7)).discard(DiscardCause::Fault), Some(7));
        assert_eq!(*log.borrow(), ["left the pool"]);
    }
}
