//! The life cycle of a handover: draft, under review, signed, audited; or skipped.
//!
//! Owns what each request does in each state, and the rules of the two signatures. Deadlines are `deadline`'s matter,
//! where cases go `responsibility`'s.

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::handover::{Handover, HandoverCounts, HandoverState, Placement, Question, Remark};
use kefu_contracts::{Code, Reject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::contents::{self, CaseRecords};
use crate::domain::deadline;
use crate::domain::request::{ItemNote, Request};
use crate::domain::responsibility::{self, Move};
use crate::domain::shift::ShiftRef;

/// The most remarks, questions, problems, amendments or noted items of a handover; it takes half an hour, not a week.
const ENTRIES_MAX: usize = 200;
/// The most cases that a refusal names.
const NAMED_MAX: usize = 5;

/// A handover with what stands behind its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// The record as others see it.
    pub record: Handover,
    /// The shift that ends.
    pub shift: ShiftRef,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// What people wrote to items, by case.
    pub notes: BTreeMap<String, ItemNote>,
    /// The open cases at the freeze: each of them is to be placed.
    pub frozen: BTreeSet<String>,
    /// Whether the warning went out.
    pub warned: bool,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// Whether the person supervises the team.
    pub supervises: bool,
    /// Whether the person is a team-mate on shift.
    pub on_shift: bool,
    /// When the person checked in.
    pub arrived_at: Option<Timestamp>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The record changed.
    Written,
    /// A question was put under this number.
    Asked(i64),
    /// A problem was reported.
    Reported,
    /// Both signed: these cases move.
    Signed(Vec<Move>),
}

impl Life {
    /// The draft of a handover.
    pub fn draft(tenant: &str, handover_id: &str, outgoing: &str, shift: ShiftRef, drafted_at: Timestamp) -> Self {
        let record = Handover {
            handover_id: handover_id.to_owned(),
            tenant: tenant.to_owned(),
            team: shift.team.clone(),
            shift_id: shift.shift_id.clone(),
            outgoing: outgoing.to_owned(),
            incoming: None,
            state: HandoverState::Draft,
            late: false,
            due_at: deadline::due_at(&shift, None),
            opened_at: None,
            arrived_at: None,
            signed_out_at: None,
            signed_in_at: None,
            items: Vec::new(),
            counts: HandoverCounts::default(),
            remarks: Vec::new(),
            readback: None,
            questions: Vec::new(),
            problems: Vec::new(),
            amendments: Vec::new(),
            source_offsets: None,
            version_hash: None,
            revision: 0,
        };
        Self { record, shift, drafted_at, notes: BTreeMap::new(), frozen: BTreeSet::new(), warned: false }
    }

    /// Lets a draft follow its cases; what was frozen stays.
    pub fn follow(&mut self, cases: &CaseRecords) {
        if self.record.state == HandoverState::Draft {
            let until = contents::known_until(cases, self.drafted_at);
            contents::fill(&mut self.record, cases, &self.notes, &self.shift, until);
        }
    }

    /// Does what a person asks for at an instant.
    ///
    /// # Errors
    /// Why it is not done; nothing changed then.
    pub fn decide(
        &mut self,
        request: Request,
        by: &Person,
        cases: &CaseRecords,
        at: Timestamp,
    ) -> Result<Done, Reject> {
        use HandoverState as S;
        use Request as R;
        match (self.record.state, request) {
            (S::Draft, R::StartReview) => self.open(by, cases, at),
            (S::Draft | S::UnderReview, R::AddRemark(text)) => {
                self.edited_by(by)?;
                write(&mut self.record.remarks, by, at, text)
            }
            (S::Draft | S::UnderReview, R::AddItem(note)) => {
                self.edited_by(by)?;
                self.note(*note, cases)
            }
            (S::UnderReview, R::Ask(text)) => self.ask(by, at, text),
            (S::UnderReview, R::AnswerQuestion { no, text }) => self.answer(by, at, no, text),
            (S::UnderReview, R::ReadBack(text)) => {
                self.is_incoming(by)?;
                self.record.readback = Some(text);
                Ok(Done::Written)
            }
            (S::UnderReview, R::SignOut { placements }) => self.sign_out(by, at, placements),
            (S::UnderReview, R::SignIn { readback, version_hash }) => {
                self.sign_in(by, cases, at, readback, version_hash.as_deref())
            }
            (S::Signed, R::Audit { findings }) => self.audit(by, at, findings),
            (S::Signed | S::Audited | S::Skipped, R::Amend(text)) => {
                self.takes_part(by)?;
                write(&mut self.record.amendments, by, at, text)
            }
            (_, R::ReportProblem(text)) => write(&mut self.record.problems, by, at, text).map(|_| Done::Reported),
            (state, request) => Err(Reject::new(Code::Conflict, not_now(state, &request))),
        }
    }

    /// Opening the review claims the handover and freezes what fills itself.
    fn open(&mut self, by: &Person, cases: &CaseRecords, at: Timestamp) -> Result<Done, Reject> {
        if by.id == self.record.outgoing {
            return Err(Reject::new(
                Code::Conflict,
                "the outgoing agent cannot take over as well; let a team-mate start the review",
            ));
        }
        if !(by.on_shift || by.supervises) {
            let detail = format!(
                "`{}` is no team-mate on shift in `{}`; check in first, or let somebody on shift take over",
                by.id, self.record.team
            );
            return Err(Reject::new(Code::Forbidden, detail));
        }
        self.record.state = HandoverState::UnderReview;
        self.record.incoming = Some(by.id.clone());
        self.record.opened_at = Some(at);
        self.record.arrived_at = by.arrived_at;
        self.record.due_at = deadline::due_at(&self.shift, Some(at));
        self.frozen = contents::open_cases(cases, at);
        contents::fill(&mut self.record, cases, &self.notes, &self.shift, at);
        Ok(Done::Written)
    }

    fn note(&mut self, note: ItemNote, cases: &CaseRecords) -> Result<Done, Reject> {
        if self.notes.len() >= ENTRIES_MAX && !self.notes.contains_key(&note.case_id) {
            return Err(full("noted items"));
        }
        if self.record.state == HandoverState::UnderReview {
            contents::note(&mut self.record.items, &note);
        }
        self.notes.entry(note.case_id.clone()).or_insert_with_key(|case_id| empty_note(case_id)).amend(note);
        self.follow(cases);
        Ok(Done::Written)
    }

    fn ask(&mut self, by: &Person, at: Timestamp, text: String) -> Result<Done, Reject> {
        self.takes_part(by)?;
        if self.record.questions.len() >= ENTRIES_MAX {
            return Err(full("questions"));
        }
        let no = self.record.questions.last().map_or(1, |last| last.no.saturating_add(1));
        let asked_by = by.id.clone();
        self.record.questions.push(Question { no, asked_by, asked_at: at, text, answer: None, answered_at: None });
        Ok(Done::Asked(no))
    }

    fn answer(&mut self, by: &Person, at: Timestamp, no: i64, text: String) -> Result<Done, Reject> {
        self.takes_part(by)?;
        let Some(question) = self.record.questions.iter_mut().find(|question| question.no == no) else {
            return Err(Reject::new(
                Code::NotFound,
                format!("there is no question {no}; see `questions` of the record"),
            ));
        };
        if question.answer.is_some() {
            let detail = format!("question {no} is answered; ask another or add a remark");
            return Err(Reject::new(Code::AlreadyAnswered, detail));
        }
        question.answer = Some(text);
        question.answered_at = Some(at);
        Ok(Done::Written)
    }

    fn sign_out(
        &mut self,
        by: &Person,
        at: Timestamp,
        placements: BTreeMap<String, Placement>,
    ) -> Result<Done, Reject> {
        if by.id != self.record.outgoing {
            return Err(Reject::new(Code::Forbidden, format!("only `{}` signs out", self.record.outgoing)));
        }
        self.is_unsigned()?;
        let mut items = self.record.items.clone();
        for (case_id, placement) in placements {
            let Some(item) = items.iter_mut().find(|item| item.case_id == case_id) else {
                return Err(Reject::new(
                    Code::InvalidField,
                    format!("case `{case_id}` is not in the record; add an item for it first"),
                ));
            };
            item.placement = Some(placement);
        }
        let placed = |id: &String| items.iter().any(|item| item.case_id == *id && item.placement.is_some());
        let unplaced: Vec<&str> = self.frozen.iter().filter(|id| !placed(id)).map(String::as_str).collect();
        if !unplaced.is_empty() {
            let named = unplaced.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
            let count = unplaced.len();
            let detail = format!("open cases not placed: {count} ({named}); say for each taken, queue or stays");
            return Err(Reject::new(Code::Conflict, detail));
        }
        self.record.items = items;
        self.record.signed_out_at = Some(at);
        self.record.version_hash = Some(contents::version_hash(&self.record));
        Ok(Done::Written)
    }

    fn sign_in(
        &mut self,
        by: &Person,
        cases: &CaseRecords,
        at: Timestamp,
        readback: Option<String>,
        version_hash: Option<&str>,
    ) -> Result<Done, Reject> {
        if by.id == self.record.outgoing {
            return Err(Reject::new(
                Code::Conflict,
                "the outgoing agent cannot sign as the incoming one; let the other sign",
            ));
        }
        self.is_incoming(by)?;
        if self.record.signed_out_at.is_none() {
            let outgoing = &self.record.outgoing;
            return Err(Reject::new(
                Code::Conflict,
                format!("the outgoing agent `{outgoing}` signs first; wait for it"),
            ));
        }
        if version_hash.is_some_and(|seen| self.record.version_hash.as_deref() != Some(seen)) {
            return Err(Reject::new(
                Code::Conflict,
                "the record is not the version named in data.version_hash; read it again",
            ));
        }
        let Some(readback) = readback.or_else(|| self.record.readback.clone()) else {
            return Err(Reject::new(Code::Conflict, "there is no read-back; say in your own words what you take over"));
        };
        self.record.readback = Some(readback);
        self.record.signed_in_at = Some(at);
        self.record.state = HandoverState::Signed;
        self.record.late = at > self.record.due_at;
        Ok(Done::Signed(responsibility::on_signature(&self.record, &by.id, cases, at)))
    }

    fn audit(&mut self, by: &Person, at: Timestamp, findings: Option<String>) -> Result<Done, Reject> {
        if !by.supervises {
            return Err(Reject::new(Code::Forbidden, format!("only a supervisor of `{}` audits", self.record.team)));
        }
        if by.id == self.record.outgoing || Some(&by.id) == self.record.incoming.as_ref() {
            return Err(Reject::new(Code::Conflict, "who signed does not audit; let another supervisor do it"));
        }
        if let Some(findings) = findings {
            write(&mut self.record.amendments, by, at, findings)?;
        }
        self.record.state = HandoverState::Audited;
        Ok(Done::Written)
    }

    /// What comes before the signatures is theirs and the supervisor's, until the first one.
    fn edited_by(&self, by: &Person) -> Result<(), Reject> {
        self.takes_part(by)?;
        self.is_unsigned()
    }

    fn is_unsigned(&self) -> Result<(), Reject> {
        match self.record.signed_out_at {
            None => Ok(()),
            Some(at) => {
                Err(Reject::new(Code::Conflict, format!("signed by the outgoing agent at {at}; what is signed stays")))
            }
        }
    }

    fn is_incoming(&self, by: &Person) -> Result<(), Reject> {
        match &self.record.incoming {
            Some(incoming) if *incoming == by.id => Ok(()),
            Some(incoming) => {
                Err(Reject::new(Code::Forbidden, format!("only the incoming agent `{incoming}` does this")))
            }
            None => Err(Reject::new(
                Code::Forbidden,
                "only the incoming agent does this, and nobody has claimed the handover",
            )),
        }
    }

    fn takes_part(&self, by: &Person) -> Result<(), Reject> {
        if by.supervises || by.id == self.record.outgoing || Some(&by.id) == self.record.incoming.as_ref() {
            return Ok(());
        }
        Err(Reject::new(
            Code::Forbidden,
            format!("`{}` takes no part in this handover; report a problem instead", by.id),
        ))
    }
}

fn empty_note(case_id: &str) -> ItemNote {
    ItemNote { case_id: case_id.to_owned(), ..ItemNote::default() }
}

fn write(list: &mut Vec<Remark>, by: &Person, at: Timestamp, text: String) -> Result<Done, Reject> {
    if list.len() >= ENTRIES_MAX {
        return Err(full("entries"));
    }
    list.push(Remark { by: by.id.clone(), at, text });
    Ok(Done::Written)
}

fn full(what: &str) -> Reject {
    Reject::new(Code::TooLarge, format!("the handover has {ENTRIES_MAX} {what}, it takes no more"))
}

fn not_now(state: HandoverState, request: &Request) -> String {
    let instead = match (state, request) {
        (HandoverState::Draft, _) => "start the review first",
        (HandoverState::UnderReview, Request::StartReview) => "somebody claimed it already",
        (HandoverState::UnderReview, _) => "sign it first",
        (HandoverState::Audited, Request::Audit { .. }) => "it was audited before",
        (HandoverState::Signed | HandoverState::Audited | HandoverState::Skipped, _) => "add an amendment instead",
    };
    format!("the handover is `{state}`; {instead}")
}

#[cfg(test)]
#[path = "life_cycle_tests.rs"]
pub(crate) mod tests;
