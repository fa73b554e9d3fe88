//! The life cycle of a case: which event moves it from which state to which.

use kefu_contracts::Status;

/// What moves a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The customer wrote or called.
    CustomerMessage,
    /// The customer wrote no more than thanks or goodbye after a solution.
    Thanks,
    /// The customer was asked for facts.
    InfoRequested,
    /// A department was asked.
    DepartmentConsulted,
    /// A department answered.
    DepartmentAnswered,
    /// Staff or a bot hold it for solved.
    Resolved,
    /// Staff take it up again.
    Reopened,
    /// The customer says that it is not solved.
    Dissatisfied,
    /// The customer says that it is solved.
    Confirmed,
    /// It is ended: by staff, by time, or by going into another case.
    Closed,
}

/// What a move leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It is recorded and changes nothing.
    Stays,
    /// The state changes.
    Goes(Status),
    /// The state changes to open, and it counts as a reopening.
    Reopens,
    /// The case is closed and cannot take it.
    Refused,
}

/// What `by` does to a case in state `status`.
pub fn next(status: Status, by: Move) -> Transition {
    use Move as M;
    use Status as S;
    use Transition::{Goes, Refused, Reopens, Stays};
    match (status, by) {
        (S::Open, M::CustomerMessage | M::Thanks) => Stays,
        (S::PendingCustomer | S::PendingDepartment, M::CustomerMessage | M::Thanks) => Goes(S::Open),
        (S::Resolved | S::Closed, M::CustomerMessage) => Reopens,
        (S::Resolved, M::Thanks) => Goes(S::Closed),
        (S::Closed, M::Thanks) => Stays,

        (S::PendingCustomer, M::InfoRequested) => Stays,
        (S::Open | S::PendingDepartment | S::Resolved, M::InfoRequested) => Goes(S::PendingCustomer),

        (S::PendingDepartment, M::DepartmentConsulted) => Stays,
        (S::Open | S::PendingCustomer | S::Resolved, M::DepartmentConsulted) => Goes(S::PendingDepartment),
        (S::PendingDepartment, M::DepartmentAnswered) => Goes(S::Open),
        (S::Open | S::PendingCustomer | S::Resolved, M::DepartmentAnswered) => Stays,
        (S::Closed, M::InfoRequested | M::DepartmentConsulted | M::DepartmentAnswered) => Refused,

        (S::Open | S::PendingCustomer | S::PendingDepartment, M::Resolved) => Goes(S::Resolved),
        (S::Resolved | S::Closed, M::Resolved) => Stays,

        (S::Open, M::Reopened | M::Dissatisfied) => Stays,
        (S::PendingCustomer | S::PendingDepartment, M::Reopened | M::Dissatisfied) => Goes(S::Open),
        (S::Resolved | S::Closed, M::Reopened | M::Dissatisfied) => Reopens,

        (S::Closed, M::Confirmed | M::Closed) => Stays,
        (S::Open | S::PendingCustomer | S::PendingDepartment | S::Resolved, M::Confirmed | M::Closed) => {
            Goes(S::Closed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_move() {
        // columns: open, pending_customer, pending_department, resolved, closed
        let table = "
            customer_message     -       open    open  reopens reopens
            thanks               -       open    open  closed  -
            info_requested       pending_customer - pending_customer pending_customer refused
            department_consulted pending_department pending_department - pending_department refused
            department_answered  -       -       open  -       refused
            resolved             resolved resolved resolved -  -
            reopened             -       open    open  reopens reopens
            dissatisfied         -       open    open  reopens reopens
            confirmed            closed  closed  closed closed -
            closed               closed  closed  closed closed -";
        let mut rows = 0;
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let by = named(words.next().unwrap());
            for (status, word) in Status::ALL.iter().zip(words) {
                let wanted = match word {
                    "-" => Transition::Stays,
                    "reopens" => Transition::Reopens,
                    "refused" => Transition::Refused,
                    status => Transition::Goes(status.parse().unwrap()),
                };
                assert_eq!(next(*status, by), wanted, "{by:?} in {status}");
                rows += 1;
            }
        }
        assert_eq!(rows, 50);
    }

    fn named(word: &str) -> Move {
        match word {
            "customer_message" => Move::CustomerMessage,
            "thanks" => Move::Thanks,
            "info_requested" => Move::InfoRequested,
            "department_consulted" => Move::DepartmentConsulted,
            "department_answered" => Move::DepartmentAnswered,
            "resolved" => Move::Resolved,
            "reopened" => Move::Reopened,
            "dissatisfied" => Move::Dissatisfied,
            "confirmed" => Move::Confirmed,
            "closed" => Move::Closed,
            other => panic!("{other}"),
        }
    }
}
