//! The processor `articles`: commands in, the knowledge base's articles and answers out.

use kefu_contracts::Reject;
use kefu_contracts::command::Command;
use kefu_contracts::knowledge::Article;
use kefu_contracts::topic::{ARTICLES, COMMAND_RESULTS, COMMANDS, TopicInfo};
use kefu_processor::{Context, Done, Due, Ledger, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::article::{put, retire};

input! {
    /// What `articles` reads.
    pub enum ArticlesInput {
        /// What a person wants done.
        Command(Command) from COMMANDS,
    }
}

/// An article and the commands about it that were answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArticleState {
    article: Option<Article>,
    ledger: Ledger,
}

impl StateRecord for ArticleState {
    const VERSION: u8 = 1;
}

impl ArticleState {
    /// The article as it stands; none if only refusals are remembered.
    pub fn article(&self) -> Option<&Article> {
        self.article.as_ref()
    }
}

/// Keeps the knowledge base.
pub struct Articles;

impl Processor for Articles {
    const NAME: &'static str = "articles";
    const OUTPUTS: &'static [TopicInfo] = &[ARTICLES.info, COMMAND_RESULTS.info];
    type State = ArticleState;
    type Input = ArticlesInput;

    fn on_record(
        &self,
        state: &mut Option<ArticleState>,
        input: ArticlesInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let ArticlesInput::Command(command) = input;
        let decide = match command.kind.as_str() {
            "article_put" => put,
            "article_retire" => retire,
            _ => return Ok(()),
        };
        command.check_key(ctx.key())?;
        let kept = state.get_or_insert_default();
        kept.ledger.decide(&command, ctx, |ctx| {
            let article = decide(kept.article.as_ref(), &command)?;
            let created = kept.article.is_none();
            ctx.emit(&ARTICLES, ctx.key(), article.clone(), command.at);
            let body = json!({"article_id": article.article_id, "version": article.version,
                "revision": article.revision, "retired": article.retired});
            kept.article = Some(article);
            Ok(if created { Done::created(body) } else { Done::ok(body) })
        });
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<ArticleState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(kept) = state {
            kept.ledger.expire(ctx.now());
            if kept.article.is_none() && kept.ledger.is_empty() {
                *state = None;
            }
        }
        Ok(())
    }

    fn due(&self, state: &ArticleState) -> Option<Due> {
        state.ledger.next_expiry().map(|at| Due::recurring(at, TimerClass::Last))
    }
}

#[cfg(test)]
mod tests {
    use kefu_policy::Policies;
    use kefu_testkit::Driver;

    use super::*;
    use crate::fixtures::command;

    fn send(driver: &mut Driver, command: &Command) {
        driver.send_at(command.at, &COMMANDS, "demo/a-1", command);
    }

    #[test]
    fn commands_are_answered_once_and_articles_written() {
        let mut driver = Driver::new(&[crate::service()], Policies::default());
        let data = json!({"title": "t", "body": "b", "language": "en"});
        let first = command(1_000, "k-1", "article_put", data.clone());
        send(&mut driver, &first);
        send(&mut driver, &command(2_000, "k-2", "article_put", json!({"title": "t"})));
        send(&mut driver, &Command { at: kefu_contracts::Timestamp::from_ms(3_000), ..first });
        send(&mut driver, &command(4_000, "k-1", "article_retire", json!({})));
        send(&mut driver, &command(5_000, "k-3", "article_retire", json!({})));
        send(&mut driver, &command(6_000, "k-4", "escalate", json!({})));
        let answers = driver.written(&COMMAND_RESULTS);
        let told: Vec<_> = answers
            .iter()
            .map(|(key, answer)| (key.as_str(), answer.status, answer.code.as_deref(), answer.at.ms()))
            .collect();
        assert_eq!(
            told,
            [
                ("demo/k-1", 201, None, 1_000),
                ("demo/k-2", 422, Some("missing_field"), 2_000),
                ("demo/k-1", 201, None, 1_000),
                ("demo/k-1", 422, Some("idempotency_mismatch"), 4_000),
                ("demo/k-3", 200, None, 5_000),
            ]
        );
        let articles = driver.written(&ARTICLES);
        let written: Vec<_> =
            articles.iter().map(|(key, article)| (key.as_str(), article.revision, article.retired)).collect();
        assert_eq!(written, [("demo/a-1", 1, false), ("demo/a-1", 2, true)]);
        assert!(driver.dead_letters().is_empty());
    }

    #[test]
    fn an_id_may_be_used_again_after_72_hours() {
        let mut driver = Driver::new(&[crate::service()], Policies::default());
        let hours = |hours: i64| hours * 3_600_000;
        send(&mut driver, &command(0, "k-1", "article_put", json!({"title": "t", "body": "b", "language": "en"})));
        send(&mut driver, &command(hours(72), "k-1", "article_retire", json!({})));
        send(&mut driver, &command(hours(72) + 1, "k-1", "article_retire", json!({})));
        let statuses: Vec<i64> = driver.written(&COMMAND_RESULTS).iter().map(|(_, answer)| answer.status).collect();
        assert_eq!(statuses, [201, 422, 200]);
    }
}
