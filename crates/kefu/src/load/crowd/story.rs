//! How made-up contacts run.
//!
//! Owns the tables: who does what after how long, and how often. What is said is in `sentences`.

use kefu_contracts::{AfterSalesKind, Channel, OrderStatus};

use super::sentences::{self, Texts};

/// What a step of a story does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Somebody does something in a conversation.
    Contact(Deed),
    /// An order comes to a state.
    Order(OrderStatus),
}

/// What people do in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The customer begins.
    Ask,
    /// The customer calls and is answered, or not.
    Call {
        answered: bool,
    },
    /// The customer rates badly.
    BadReview,
    /// The customer writes again.
    Nudge,
    /// The customer gives the facts asked for.
    Facts,
    /// The customer thanks.
    Thanks,
    Confirmed,
    Dissatisfied,
    Assigned,
    Reply,
    Note,
    AskFacts,
    Promise,
    Flag,
    Consult,
    DepartmentAnswers,
    AfterSales(AfterSalesKind),
    AfterSalesDone,
    Resolved,
    Closed(&'static str),
}

/// A step of a story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) act: Act,
    /// Seconds after the step before, from and to.
    pub(super) after_s: (u32, u32),
    /// How often it happens.
    pub(super) percent: u8,
    /// Whether the story ends if it does not happen.
    pub(super) or_ends: bool,
}

/// A kind of contact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story {
    /// How often, in relation to the others.
    pub(super) weight: u64,
    /// Where it happens; a channel named twice is taken twice as often.
    pub(super) channels: &'static [Channel],
    /// What the customer begins with.
    pub(super) openings: &'static [&'static Texts],
    pub(super) steps: &'static [Step],
}

const fn may(percent: u8, deed: Deed, after_s: (u32, u32)) -> Step {
    Step { act: Act::Contact(deed), after_s, percent, or_ends: false }
}

const fn or_ends(percent: u8, deed: Deed, after_s: (u32, u32)) -> Step {
    Step { act: Act::Contact(deed), after_s, percent, or_ends: true }
}

const fn always(deed: Deed, after_s: (u32, u32)) -> Step {
    may(100, deed, after_s)
}

const fn order(percent: u8, status: OrderStatus, after_s: (u32, u32)) -> Step {
    Step { act: Act::Order(status), after_s, percent, or_ends: true }
}

const AT_ONCE: (u32, u32) = (0, 0);
const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

use Deed::{
    AfterSales, AfterSalesDone, Ask, AskFacts, Assigned, BadReview, Call, Closed, Confirmed, Consult,
    DepartmentAnswers, Dissatisfied, Facts, Flag, Note, Nudge, Promise, Reply, Resolved, Thanks,
};

const QUICK: Story = Story {
    weight: 300,
    channels: &[Channel::Chat, Channel::Chat, Channel::Chat, Channel::Social],
    openings: sentences::QUESTIONS,
    steps: &[
        always(Ask, AT_ONCE),
        may(20, Nudge, (20, 5 * MINUTE)),
        may(80, Assigned, (5, 2 * MINUTE)),
        or_ends(93, Reply, (10, 9 * MINUTE)),
        may(55, Nudge, (15, 6 * MINUTE)),
        may(85, Reply, (15, 20 * MINUTE)),
        or_ends(85, Resolved, (MINUTE, HOUR)),
        may(40, Thanks, (10, 20 * MINUTE)),
        may(10, Confirmed, (MINUTE, 5 * HOUR)),
    ],
};

const BY_MAIL: Story = Story {
    weight: 110,
    channels: &[Channel::Email, Channel::Email, Channel::WebForm],
    openings: sentences::QUESTIONS,
    steps: &[
        always(Ask, AT_ONCE),
        may(70, Assigned, (10 * MINUTE, 3 * HOUR)),
        or_ends(92, Reply, (20 * MINUTE, 10 * HOUR)),
        may(40, Nudge, (HOUR, DAY)),
        may(70, Reply, (20 * MINUTE, 8 * HOUR)),
        or_ends(80, Resolved, (HOUR, DAY)),
        may(30, Thanks, (MINUTE, 12 * HOUR)),
    ],
};

const AFTER_SALES: Story = Story {
    weight: 150,
    channels: &[Channel::Chat, Channel::Chat, Channel::Email, Channel::WebForm, Channel::Video],
    openings: sentences::AFTER_SALES,
    steps: &[
        always(Ask, AT_ONCE),
        may(85, Assigned, (10, 5 * MINUTE)),
        may(60, AskFacts, (30, 30 * MINUTE)),
        may(90, Facts, (MINUTE, 3 * HOUR)),
        may(45, AfterSales(AfterSalesKind::Return), (MINUTE, 20 * MINUTE)),
        may(15, AfterSales(AfterSalesKind::Repair), (MINUTE, 20 * MINUTE)),
        or_ends(95, Reply, (MINUTE, 40 * MINUTE)),
        may(25, Promise, (MINUTE, 30 * MINUTE)),
        may(60, Reply, (HOUR, DAY)),
        may(50, AfterSalesDone, (HOUR, 2 * DAY)),
        or_ends(88, Resolved, (MINUTE, 2 * HOUR)),
        may(35, Thanks, (MINUTE, 2 * HOUR)),
    ],
};

const COMPLAINT: Story = Story {
    weight: 100,
    channels: &[Channel::Chat, Channel::Chat, Channel::Email, Channel::Social],
    openings: sentences::COMPLAINTS,
    steps: &[
        always(Ask, AT_ONCE),
        may(60, Nudge, (30, 20 * MINUTE)),
        always(Assigned, (20, 10 * MINUTE)),
        or_ends(96, Reply, (MINUTE, 40 * MINUTE)),
        may(25, Flag, (MINUTE, 10 * MINUTE)),
        may(40, Note, (MINUTE, 30 * MINUTE)),
        may(50, Consult, (5 * MINUTE, HOUR)),
        may(50, DepartmentAnswers, (30 * MINUTE, 10 * HOUR)),
        may(50, Promise, (MINUTE, HOUR)),
        may(90, Reply, (10 * MINUTE, DAY)),
        or_ends(80, Resolved, (HOUR, DAY)),
        may(20, Dissatisfied, (10 * MINUTE, DAY)),
        may(25, Reply, (10 * MINUTE, 5 * HOUR)),
        may(60, Resolved, (HOUR, DAY)),
        may(25, Confirmed, (MINUTE, 10 * HOUR)),
    ],
};

const CALL: Story = Story {
    weight: 100,
    channels: &[Channel::Phone],
    openings: sentences::QUESTIONS,
    steps: &[
        always(Call { answered: true }, AT_ONCE),
        may(30, Note, (MINUTE, 10 * MINUTE)),
        or_ends(90, Resolved, (MINUTE, HOUR)),
    ],
};

const CALL_LOST: Story = Story {
    weight: 25,
    channels: &[Channel::Phone],
    openings: sentences::QUESTIONS,
    steps: &[
        always(Call { answered: false }, AT_ONCE),
        may(60, Call { answered: true }, (2 * MINUTE, HOUR)),
        or_ends(80, Resolved, (MINUTE, HOUR)),
    ],
};

const BAD_REVIEW: Story = Story {
    weight: 25,
    channels: &[Channel::Review],
    openings: sentences::COMPLAINTS,
    steps: &[always(BadReview, AT_ONCE), or_ends(80, Reply, (HOUR, DAY)), or_ends(80, Resolved, (HOUR, DAY))],
};

const FORMAL: Story = Story {
    weight: 6,
    channels: &[Channel::Letter, Channel::Visit, Channel::Regulator],
    openings: sentences::COMPLAINTS,
    steps: &[
        always(Ask, AT_ONCE),
        always(Assigned, (10 * MINUTE, 3 * HOUR)),
        may(80, Consult, (HOUR, 5 * HOUR)),
        may(80, DepartmentAnswers, (5 * HOUR, 2 * DAY)),
        always(Reply, (HOUR, DAY)),
        always(Resolved, (HOUR, DAY)),
    ],
};

const IN_VAIN: Story = Story {
    weight: 35,
    channels: &[Channel::Chat, Channel::Email, Channel::Social],
    openings: sentences::QUESTIONS,
    steps: &[
        always(Ask, AT_ONCE),
        may(70, Nudge, (5 * MINUTE, HOUR)),
        may(40, Nudge, (HOUR, DAY)),
        may(50, Closed("no_response"), (DAY, 3 * DAY)),
    ],
};

const SPAM: Story = Story {
    weight: 20,
    channels: &[Channel::Chat, Channel::Email, Channel::WebForm],
    openings: sentences::SPAM,
    steps: &[always(Ask, AT_ONCE), or_ends(90, Closed("spam"), (MINUTE, 5 * HOUR))],
};

/// The life of an order, from which later contacts take the order they are about.
pub(super) const ORDER: Story = Story {
    weight: 200,
    channels: &[],
    openings: &[],
    steps: &[
        order(100, OrderStatus::Placed, AT_ONCE),
        order(95, OrderStatus::Paid, (20, 30 * MINUTE)),
        order(97, OrderStatus::Packed, (HOUR, 20 * HOUR)),
        order(98, OrderStatus::Shipped, (HOUR, DAY)),
        order(100, OrderStatus::OutForDelivery, (10 * HOUR, 3 * DAY)),
        order(97, OrderStatus::Delivered, (HOUR, 8 * HOUR)),
        order(4, OrderStatus::Returned, (DAY, 6 * DAY)),
    ],
};

/// All stories of conversations.
pub(super) const CONTACTS: &[Story] =
    &[QUICK, BY_MAIL, AFTER_SALES, COMPLAINT, CALL, CALL_LOST, BAD_REVIEW, FORMAL, IN_VAIN, SPAM];
