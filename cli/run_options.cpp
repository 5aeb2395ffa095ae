#include <tailgrad/cli/run_options.h>

#include <tailgrad/cli/data_options.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/study/image_problem.h>

namespace tailgrad::cli {

void RunOptions::declare(Verb& verb) {
  verb_ = verb;
  TrainerOptions& training = experiment.training;
  verb.group("Data").positional(
      "DATA", problem.data,
      "A CSV, TSV, CoNLL or CoNLL-U file (also .gz), a folder or file of images (IDX, "
      "CIFAR), or "
      "a name; see: tailgrad list data");
  declare_data(verb, problem);
  verb.option("max-tokens", max_tokens_,
              "Words kept of a text; longer ones are cut, and said (of tags: 512, longer sentences "
              "are read in pieces)")
      .option("min-count", min_count_, "Rarer words of the training texts are unknown")
      .option("buckets", buckets_, "Hash buckets for the character n-grams of words; 0: none")
      .option("ngrams", ngrams_,
              "Words that have n-grams: unknown (to train any, --min-count must be 2 or more) or "
              "all (slower, and often better)")
      .flag("keep-case", keep_case_, "Tell upper case from lower case")
      .group("Tags");
  declare_tag_columns(verb, problem);
  verb.option("train-scheme", problem.train_scheme,
              "What the model learns; default: iobes for spans")
      .flag("repair", problem.repair, "Rewrite tags that break their scheme")
      .option("vectors", problem.vectors, "First word embeddings: a text file of GloVe or word2vec")
      .group("Images")
      .option("augment", problem.augment,
              "none, crop, flip or crop+flip: what a training pass does to images at random; "
              "default: crop+flip for Fashion-MNIST and colour images, else none")
      .option("crop-pad", problem.crop_pad, "Black pixels around an image from which crop cuts")
      .group("Learning")
      .option("model", experiment.model, "Text form; see: tailgrad list models")
      .option("output-bias", experiment.output_bias,
              "First values of the last layer's bias: default or log-prior")
      .option("sampler", training.sampler, "Text form; see: tailgrad list samplers")
      .option("optimizer", training.optimizer, "Text form; see: tailgrad list optimizers")
      .option("schedule", training.schedule, "Text form; see: tailgrad list schedules")
      .option("epochs", training.epochs, "Passes over the training data")
      .option("batch-tokens", batch_tokens_,
              "Words (or table rows, or images) a step; of tags 256, of images 128")
      .option("shards", training.shards, "Parts of a batch that run side by side")
      .option("clip-norm", training.clip_norm, "Largest norm of all gradients together; 0: any")
      .option("select", training.select, "Dev metric that chooses the epoch");
}

// An option of another task would change nothing, and its user would not know. What has its default
// may come from the configuration of an earlier run.
void RunOptions::check_task() const {
  const std::string& task = problem.task;
  const bool texts = task == "text" || task == "multilabel" || task == "pair";
  const bool tables = texts || task == "table";
  const std::string of_tables = "text, multilabel, pair and table";
  const ProblemOptions none;
  struct Need {
    const char* option;
    bool changed;
    bool fits;
    std::string tasks;
  };
  for (const Need& need :
       {Need{"second-column", problem.second_column != none.second_column, task == "pair", "pair"},
        Need{"label-separator", problem.label_separator != none.label_separator,
             task == "multilabel", "multilabel"},
        Need{"label-names", !problem.label_names.empty(), texts, "text, multilabel and pair"},
        Need{"augment", !problem.augment.empty(), task == "image", "image"},
        Need{"crop-pad", problem.crop_pad != none.crop_pad, task == "image", "image"},
        Need{"ngrams", ngrams_ != "unknown", texts, "text, multilabel and pair"},
        Need{"no-header", !problem.table.header, tables, of_tables},
        Need{"quotes", !problem.table.quotes.empty(), tables, of_tables},
        Need{"encoding", problem.table.encoding != none.table.encoding, tables, of_tables}})
    if (need.changed && !need.fits)
      fail(std::string("--") + need.option, "belongs to --task " + need.tasks + ", not " + task);
  if (ngrams_ != "all" && ngrams_ != "unknown")
    fail_unknown_name("--ngrams", ngrams_, {"unknown", "all"});
  if (ngrams_ == "all" && buckets_ == 0) fail("--ngrams", "all needs --buckets, such as 100000");
}

void RunOptions::settle(std::uint64_t seed) {
  if (!verb_->given("task") && means_images(problem.data)) problem.task = "image";
  check_task();
  problem.seed = seed;
  problem.encoding.max_tokens = max_tokens_;
  problem.encoding.vocabulary.min_count = min_count_;
  problem.encoding.vocabulary.buckets = buckets_;
  problem.encoding.vocabulary.ngrams_of_all_words = ngrams_ == "all";
  problem.encoding.tokenizer.lower_case = !keep_case_;
  experiment.training.seed = seed;
  experiment.training.batch_tokens = batch_tokens_;
  problem.sentences.max_tokens = max_tokens_;
  problem.sentences.words.min_count = min_count_;
  set_task_defaults(problem.task, given(), problem, experiment);
  // Shown in the configuration of the run.
  batch_tokens_ = experiment.training.batch_tokens;
  if (problem.task != "tags") return;
  max_tokens_ = problem.sentences.max_tokens;
  min_count_ = problem.sentences.words.min_count;
}

std::string RunOptions::settle_data(const Problem& data) {
  return set_data_defaults(data, given(), experiment);
}

Given RunOptions::given() const {
  return [this](std::string_view name) { return verb_->given(std::string(name)); };
}

}  // namespace tailgrad::cli
