#include <tailgrad/cli/run_options.h>

namespace tailgrad::cli {

void RunOptions::declare(Verb& verb) {
  TrainerOptions& training = experiment.training;
  verb.group("Data")
      .positional("DATA", problem.data, "A CSV or TSV file (also .gz), or: wordnet")
      .option("dev", problem.dev, "Development data; default: a tenth of DATA")
      .option("test", problem.test, "Test data")
      .option("task", problem.task, "text (one label a text) or table (numeric columns)")
      .option("format", problem.format, "csv or tsv; default: by the file's ending")
      .option("text-column", problem.text_column, "Column of the text")
      .option("label-column", problem.label_column, "Column of the label")
      .option("max-tokens", max_tokens_, "Words kept of a text; longer ones are cut, and said")
      .option("min-count", min_count_, "Rarer words of the training texts are unknown")
      .option("buckets", buckets_, "Hash buckets for the n-grams of unknown words; 0: none")
      .flag("keep-case", keep_case_, "Tell upper case from lower case")
      .group("Learning")
      .option("model", experiment.model, "Text form; see: tailgrad list models")
      .option("output-bias", experiment.output_bias,
              "First values of the last layer's bias: default or log-prior")
      .option("sampler", training.sampler, "Text form; see: tailgrad list samplers")
      .option("optimizer", training.optimizer, "Text form; see: tailgrad list optimizers")
      .option("schedule", training.schedule, "Text form; see: tailgrad list schedules")
      .option("epochs", training.epochs, "Passes over the training data")
      .option("batch-tokens", batch_tokens_, "Words (or table rows) a step")
      .option("shards", training.shards, "Parts of a batch that run side by side")
      .option("clip-norm", training.clip_norm, "Largest norm of all gradients together; 0: any")
      .option("select", training.select, "Dev metric that chooses the epoch");
}

void RunOptions::settle(std::uint64_t seed) {
  problem.seed = seed;
  problem.encoding.max_tokens = max_tokens_;
  problem.encoding.vocabulary.min_count = min_count_;
  problem.encoding.vocabulary.buckets = buckets_;
  problem.encoding.tokenizer.lower_case = !keep_case_;
  experiment.training.seed = seed;
  experiment.training.batch_tokens = batch_tokens_;
}

}  // namespace tailgrad::cli
