//! A publisher or revision together with the signing file and the feed that it borrows, so that C need not keep an order of frees.

use std::sync::Arc;

use bisik::{Feed, OsEntropy, Publication, PublishOptions, Publisher, Result, Revision, SigningFile};

/// A publisher and what it borrows. The field order is the order in which they are dropped.
pub(crate) struct OwnedPublisher {
    pub(crate) publisher: Publisher<'static>,
    lenders: Lenders,
}

/// A revision and what it borrows, dropped in this order.
pub(crate) struct OwnedRevision {
    pub(crate) revision: Revision<'static>,
    lenders: Lenders,
}

/// A publication and what it borrows, dropped in this order.
pub(crate) struct OwnedPublication {
    pub(crate) publication: Publication<'static>,
    _lenders: Lenders,
}

struct Lenders {
    file: Arc<SigningFile>,
    previous: Option<Arc<Feed>>,
}

/// A reference that pretends to live for ever.
///
/// # Safety
/// What is made with the reference is dropped before the last clone of `lender`.
unsafe fn lend<T>(lender: &Arc<T>) -> &'static T {
    // SAFETY: an `Arc` neither moves nor changes what it holds; that it is still there is the caller's promise.
    unsafe { &*Arc::as_ptr(lender) }
}

impl OwnedPublisher {
    pub(crate) fn new(file: &Arc<SigningFile>, options: PublishOptions, previous: Option<&Arc<Feed>>) -> Result<Self> {
        let lenders = Lenders { file: Arc::clone(file), previous: previous.map(Arc::clone) };
        // SAFETY: the lenders stay beside the publisher, and beside what it becomes; both fields are dropped before them.
        let file = unsafe { lend(&lenders.file) };
        // SAFETY: as for the file.
        let previous = lenders.previous.as_ref().map(|feed| unsafe { lend(feed) });
        let publisher = Publisher::new(file, options, previous, &mut OsEntropy)?;
        Ok(Self { publisher, lenders })
    }

    pub(crate) fn publish(self) -> Result<OwnedPublication> {
        let Self { publisher, lenders } = self;
        let publication = publisher.publish(&mut OsEntropy)?;
        Ok(OwnedPublication { publication, _lenders: lenders })
    }
}

impl OwnedRevision {
    pub(crate) fn new(file: &Arc<SigningFile>, options: PublishOptions, previous: &Arc<Feed>) -> Result<Self> {
        let previous = Arc::clone(previous);
        // SAFETY: the lenders stay beside the revision, and beside what it becomes; both fields are dropped before them.
        let feed = unsafe { lend(&previous) };
        let lenders = Lenders { file: Arc::clone(file), previous: Some(previous) };
        // SAFETY: as for the feed.
        let file = unsafe { lend(&lenders.file) };
        let revision = Revision::new(file, options, feed)?;
        Ok(Self { revision, lenders })
    }

    pub(crate) fn publish(self) -> Result<OwnedPublication> {
        let Self { revision, lenders } = self;
        let publication = revision.publish(&mut OsEntropy)?;
        Ok(OwnedPublication { publication, _lenders: lenders })
    }
}
