//! The life of a follow-up.
//!
//! | from | done | cancelled | grace over | review updated |
//! |---|---|---|---|---|
//! | (none) | 404 | – | – | 404 |
//! | due | done | cancelled | missed | stays so |
//! | missed | done: better late than not recorded | cancelled, if that was before | – | stays so |
//! | done | 409 | – | – | stays so: measures are tracked to their effect |
//! | cancelled | 409, unless it was done before | – | – | 409, unless it was before |
//!
//! What counts are the instants, never which of them was heard of first.

use kefu_contracts::survey::{FollowUp, FollowUpKind, FollowUpState, Measure};
use kefu_contracts::{Code, Json, Reject, Timestamp};
use serde::{Deserialize, Serialize};

use super::follow_up_cause::{FollowUpCause, GRACE_MS};
use super::review::Update;

/// Characters of an outcome at most.
const LONGEST_OUTCOME: usize = 4_000;

/// What a follow-up follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowUpCourse {
    /// Why it is to be done.
    pub cause: FollowUpCause,
    /// Whether its time was over by the last timer.
    pub missed: bool,
    /// What came of it.
    pub outcome: Option<String>,
    /// What a review found.
    pub findings: Option<String>,
    /// What a review decided.
    pub measures: Option<Vec<Measure>>,
}

impl FollowUpCourse {
    /// A follow-up to be done because of `cause`.
    pub fn new(cause: FollowUpCause) -> Self {
        Self { missed: false, outcome: cause.outcome.clone(), findings: None, measures: None, cause }
    }

    /// Lets another cause of the same follow-up count, if it is the one that counts. Returns whether it is.
    pub fn learn(&mut self, cause: FollowUpCause) -> bool {
        let counts = cause.supersedes(&self.cause);
        if counts {
            self.cause = cause;
            self.missed = false;
        }
        counts
    }

    /// Where it stands.
    pub fn state(&self) -> FollowUpState {
        match (&self.outcome, self.cause.cancelled_at) {
            (Some(_), _) => FollowUpState::Done,
            (None, Some(_)) => FollowUpState::Cancelled,
            (None, None) if self.missed => FollowUpState::Missed,
            (None, None) => FollowUpState::Due,
        }
    }

    /// From when it counts as missed, while it is due.
    pub fn missed_at(&self) -> Option<Timestamp> {
        (self.state() == FollowUpState::Due).then(|| self.cause.due_at.plus_ms(GRACE_MS))
    }

    /// Records at `at` what came of it.
    ///
    /// # Errors
    /// If it is over, or no outcome is given.
    pub fn finish(&mut self, data: &Json, at: Timestamp) -> Result<(), Reject> {
        self.refuse_if_cancelled(at)?;
        if self.outcome.is_some() {
            return Err(Reject::new(Code::Conflict, "the follow-up was done before; its outcome stands"));
        }
        let outcome = data.0.get("outcome").and_then(|outcome| outcome.as_str()).map(str::trim);
        let outcome = outcome.filter(|outcome| !outcome.is_empty()).ok_or_else(|| {
            Reject::new(Code::MissingField, "`outcome` is missing; say in a few words what came of it")
        })?;
        if outcome.chars().count() > LONGEST_OUTCOME {
            let detail = format!("`outcome` is longer than {LONGEST_OUTCOME} characters; shorten it");
            return Err(Reject::new(Code::TooLarge, detail));
        }
        self.outcome = Some(outcome.to_owned());
        Ok(())
    }

    /// Records at `at` what a review found and decided.
    ///
    /// # Errors
    /// If it is no review, if it is no longer needed, or if the update is not in order.
    pub fn update_review(&mut self, data: &Json, at: Timestamp) -> Result<(), Reject> {
        self.refuse_if_cancelled(at)?;
        if self.cause.kind != FollowUpKind::Review {
            return Err(Reject::new(Code::Conflict, "the follow-up is no review; record its outcome instead"));
        }
        let update = Update::read(data)?;
        self.findings = update.findings.or_else(|| self.findings.take());
        self.measures = update.measures.or_else(|| self.measures.take());
        Ok(())
    }

    fn refuse_if_cancelled(&self, at: Timestamp) -> Result<(), Reject> {
        let cancelled = self.cause.cancelled_at.is_some_and(|cancelled| cancelled <= at);
        if cancelled && self.outcome.is_none() {
            return Err(Reject::new(Code::Conflict, "the follow-up is no longer needed; see the case for why"));
        }
        Ok(())
    }

    /// The snapshot, without a revision.
    pub fn snapshot(&self, tenant: &str) -> FollowUp {
        FollowUp {
            follow_up_id: self.cause.follow_up_id.clone(),
            tenant: tenant.to_owned(),
            kind: self.cause.kind,
            case_id: self.cause.case_id.clone(),
            customer_id: self.cause.customer_id.clone(),
            owner: self.cause.owner.clone(),
            due_at: self.cause.due_at,
            state: self.state(),
            outcome: self.outcome.clone(),
            findings: self.findings.clone(),
            measures: self.measures.clone(),
            revision: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn course(kind: FollowUpKind) -> FollowUpCourse {
        FollowUpCourse::new(FollowUpCause {
            follow_up_id: "f-1".into(),
            version: 1,
            kind,
            case_id: None,
            customer_id: None,
            owner: None,
            since: Timestamp::from_ms(0),
            due_at: Timestamp::from_ms(1_000),
            cancelled_at: None,
            outcome: None,
            periodic: false,
        })
    }

    fn cancelled(at: i64) -> FollowUpCourse {
        let mut course = course(FollowUpKind::Visit);
        course.cause.cancelled_at = Some(Timestamp::from_ms(at));
        course
    }

    fn finish(course: &mut FollowUpCourse, at: i64) -> Result<FollowUpState, Code> {
        let data = Json(json!({"outcome": "satisfied now"}));
        course.finish(&data, Timestamp::from_ms(at)).map_err(|reject| reject.code)?;
        Ok(course.state())
    }

    #[test]
    fn it_is_done_once_and_even_late() {
        let mut visit = course(FollowUpKind::Visit);
        assert_eq!(visit.missed_at(), Some(Timestamp::from_ms(1_000 + GRACE_MS)));
        visit.missed = true;
        assert_eq!((visit.state(), visit.missed_at()), (FollowUpState::Missed, None));
        assert_eq!(finish(&mut visit, 2_000), Ok(FollowUpState::Done));
        assert_eq!(finish(&mut visit, 3_000), Err(Code::Conflict));
    }

    #[test]
    fn what_is_cancelled_can_only_have_been_done_before() {
        assert_eq!(finish(&mut cancelled(500), 499), Ok(FollowUpState::Done));
        assert_eq!(finish(&mut cancelled(500), 500), Err(Code::Conflict));
        assert_eq!(cancelled(500).state(), FollowUpState::Cancelled);
    }

    #[test]
    fn an_outcome_has_to_say_something() {
        for (data, code) in [
            (json!({}), Code::MissingField),
            (json!({"outcome": " "}), Code::MissingField),
            (json!({"outcome": 5}), Code::MissingField),
            (json!({"outcome": "x".repeat(LONGEST_OUTCOME + 1)}), Code::TooLarge),
        ] {
            let refused = course(FollowUpKind::Visit).finish(&Json(data), Timestamp::from_ms(1));
            assert_eq!(refused.map_err(|reject| reject.code), Err(code));
        }
    }

    #[test]
    fn only_reviews_have_findings_and_they_can_be_added_after_the_end() {
        let data = Json(json!({"findings": "the promise was not kept"}));
        let refused = course(FollowUpKind::Visit).update_review(&data, Timestamp::from_ms(1));
        assert_eq!(refused.map_err(|reject| reject.code), Err(Code::Conflict));
        let mut review = course(FollowUpKind::Review);
        assert_eq!(finish(&mut review, 1), Ok(FollowUpState::Done));
        review.update_review(&data, Timestamp::from_ms(2)).unwrap();
        assert_eq!(review.findings.as_deref(), Some("the promise was not kept"));
    }

    #[test]
    fn the_highest_version_counts_and_of_equal_ones_the_earliest() {
        let cause = |version, due_at| FollowUpCause {
            version,
            due_at: Timestamp::from_ms(due_at),
            ..course(FollowUpKind::Review).cause
        };
        for (versions, wanted) in [([(0, 5), (0, 3), (0, 4)], (0, 3)), ([(1, 3), (3, 5), (2, 4)], (3, 5))] {
            for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
                let [first, second, third] = order.map(|place| cause(versions[place].0, versions[place].1));
                let mut course = FollowUpCourse::new(first);
                course.learn(second);
                course.learn(third);
                assert_eq!((course.cause.version, course.cause.due_at.ms()), wanted, "{order:?}");
            }
        }
    }
}
