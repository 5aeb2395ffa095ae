// Task tags end to end: train, predict, evaluate, and what bad input gets.
#include <gtest/gtest.h>

#include <filesystem>

#include <tailgrad/core/random.h>

#include <support/temporary_folder.h>
#include "cli/run_program.h"

namespace tailgrad::test {
namespace {

// Sentences in IOB2: places are one or two words ("New York"), persons one.
std::string conll(std::size_t sentences, std::uint64_t seed, const char* separator = "\t") {
  static const char* const kOthers[] = {"we", "saw", "the", "sun", "in", "and", "with", "go", "."};
  static const char* const kPersons[] = {"Anna", "Berta", "Carl"};
  Random random(seed, "conll");
  std::string text;
  for (std::size_t s = 0; s < sentences; ++s) {
    const std::size_t length = 3 + random.below(6);
    for (std::size_t i = 0; i < length; ++i) {
      const double draw = random.uniform();
      const auto line = [&](const std::string& word, const char* tag) {
        text += word + separator + tag + "\n";
      };
      if (draw < 0.12) {
        line("New", "B-LOC");
        line(random.uniform() < 0.5 ? "York" : "Delhi", "I-LOC");
      } else if (draw < 0.2) {
        line("Paris", "B-LOC");
      } else if (draw < 0.3) {
        line(kPersons[random.below(3)], "B-PER");
      } else {
        line(kOthers[random.below(9)], "O");
      }
    }
    text += "\n";
  }
  return text;
}

std::string without_tags(const std::string& text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    out += line.substr(0, line.find('\t')) + "\n";
    begin = end + 1;
  }
  return out;
}

const std::string kModel = "bilstm-crf:width=12,words=12,char_width=12,affixes=8,shapes=4";

class Tags : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    spill(folder_.at(name), text);
    return folder_.at(name);
  }
  Ran train(const std::string& data, std::vector<std::string> more = {},
            const std::string& out = "run") {
    std::vector<std::string> arguments = {"train",         data,      "--task", "tags",  "--out",
                                          folder_.at(out), "--model", kModel,   "--json"};
    for (std::string& argument : more) arguments.push_back(std::move(argument));
    return run_program(arguments);
  }
  TemporaryFolder folder_;
};

TEST_F(Tags, TrainPredictEvaluate) {
  const std::string test = conll(30, 3);
  const std::string test_file = file("test.conll", test);
  const Ran run = train(file("train.conll", conll(150, 1)),
                        {"--dev", file("dev.conll", conll(30, 2)), "--test", test_file, "--epochs",
                         "12", "--batch-tokens", "25"});
  ASSERT_EQ(run.status, 0) << run.err;
  const nlohmann::json result = run.json();
  EXPECT_GT(result["test"]["span_f1"], 0.9) << result["test"].dump(1);
  EXPECT_GT(result["test"]["span_f1_strict"], 0.9);
  EXPECT_EQ(result["test"]["per_type"].size(), 2U);
  EXPECT_EQ(result["config"]["select"], "span_f1");
  EXPECT_EQ(result["config"]["loss"],
            "crf:weights=none,strategy=sequence,tau=0,normalise=sequences");
  EXPECT_EQ(result["data"]["scheme"], "iob2");
  EXPECT_EQ(result["data"]["train_scheme"], "iobes");
  EXPECT_TRUE(result["test"].contains("unknown_word_accuracy"));

  // The tags of the file come back in its own scheme, behind each line; the rest is untouched.
  const Ran predicted = run_program({"predict", folder_.at("run"), test_file});
  ASSERT_EQ(predicted.status, 0) << predicted.err;
  EXPECT_NE(predicted.out.find("New\tB-LOC\tB-LOC\n"), std::string::npos);
  EXPECT_EQ(predicted.out.find("S-LOC"), std::string::npos);
  EXPECT_EQ(std::count(predicted.out.begin(), predicted.out.end(), '\n'),
            std::count(test.begin(), test.end(), '\n'));

  // Without tags in the input too.
  const Ran bare =
      run_program({"predict", folder_.at("run"), file("bare.conll", without_tags(test))});
  ASSERT_EQ(bare.status, 0) << bare.err;
  EXPECT_NE(bare.out.find("New\tB-LOC\n"), std::string::npos);

  const Ran judged = run_program(
      {"evaluate", "--model", folder_.at("run"), test_file, "--bootstrap", "0", "--json"});
  ASSERT_EQ(judged.status, 0) << judged.err;
  EXPECT_EQ(judged.json()["span_f1"], result["test"]["span_f1"]);
  EXPECT_EQ(judged.json()["unknown_word_accuracy"], result["test"]["unknown_word_accuracy"]);
  const Ran from_file =
      run_program({"evaluate", "--gold", test_file, "--predicted",
                   file("predicted.conll", predicted.out), "--bootstrap", "0", "--json"});
  ASSERT_EQ(from_file.status, 0) << from_file.err;
  EXPECT_EQ(from_file.json()["span_f1"], result["test"]["span_f1"]);
}

TEST_F(Tags, PostHocTauTakesThePriorOutWhenDecoding) {
  const std::string test_file = file("test.conll", conll(30, 3));
  const Ran run = train(file("train.conll", conll(100, 1)),
                        {"--dev", file("dev.conll", conll(20, 2)), "--epochs", "4", "--loss",
                         "crf:tau=1", "--batch-tokens", "25"});
  ASSERT_EQ(run.status, 0) << run.err;
  // How many tokens get the most frequent tag.
  const auto frequent = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"predict", folder_.at("run"), test_file, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const nlohmann::json said = run_program(arguments).json();
    const auto& tags = said["predicted"];
    return std::count(tags.begin(), tags.end(), "O");
  };
  const auto plain = frequent({});
  EXPECT_GT(plain, 0);
  EXPECT_EQ(frequent({"--posthoc-tau", "0"}), plain);
  EXPECT_LT(frequent({"--posthoc-tau", "20"}), plain);
  const std::vector<std::string> evaluate = {"evaluate",    "--model", folder_.at("run"), test_file,
                                             "--bootstrap", "0",       "--json"};
  std::vector<std::string> adjusted = evaluate;
  adjusted.insert(adjusted.end(), {"--posthoc-tau", "20"});
  const Ran judged = run_program(adjusted);
  ASSERT_EQ(judged.status, 0) << judged.err;
  EXPECT_LT(judged.json()["accuracy"], run_program(evaluate).json()["accuracy"]);
  EXPECT_NE(judged.err.find("double correction"), std::string::npos) << judged.err;
  adjusted.back() = "nan";
  EXPECT_EQ(run_program(adjusted).status, 2);
}

TEST_F(Tags, SameBitsOnOneAndTwoThreads) {
  const std::string data = file("train.conll", conll(60, 1));
  const auto hash = [&](const char* threads) {
    const Ran run = train(data, {"--epochs", "2", "--threads", threads, "--force"});
    return run.status == 0 ? run.json()["weights_hash"].get<std::string>() : run.err;
  };
  EXPECT_EQ(hash("1"), hash("2"));
}

TEST_F(Tags, PartsOfSpeechFromConllU) {
  std::string text;
  for (int s = 0; s < 40; ++s)
    text += "# sent_id = " + std::to_string(s) +
            "\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\tAUX\tVB\t_\t0\troot\t_\t_\n"
            "2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n3\tgo\tgo\tVERB\tVB\t_\t1\tx\t_\t_\n\n";
  const Ran run = train(file("pos.conllu", text),
                        {"--tag-column", "xpos", "--epochs", "20", "--batch-tokens", "12"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["data"]["scheme"], "none");
  EXPECT_EQ(run.json()["config"]["select"], "macro_f1");
  EXPECT_EQ(run.json()["dev"]["accuracy"], 1.0);
  EXPECT_EQ(run.json()["dev"]["per_class"].size(), 2U);
  // Evaluation reads the column that training read.
  const Ran judged =
      run_program({"evaluate", "--model", folder_.at("run"), folder_.at("pos.conllu"), "--json"});
  ASSERT_EQ(judged.status, 0) << judged.err;
  EXPECT_EQ(judged.json()["accuracy"], 1.0);
}

TEST_F(Tags, WordVectorsMustFitTheModel) {
  const std::string data = file("train.conll", conll(30, 1));
  const std::string vectors = file("vectors.txt", "paris 1 2 3\nnew 4 5 6\n");
  const Ran refused = train(data, {"--vectors", vectors});
  EXPECT_TRUE(refused.is_callers_fault());
  EXPECT_NE(refused.err.find("words=3"), std::string::npos) << refused.err;
  const Ran run = run_program({"train", data, "--task", "tags", "--out", folder_.at("run"),
                               "--model", "bilstm:width=4,words=3,char=none", "--epochs", "1",
                               "--vectors", vectors, "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("2 of "), std::string::npos) << run.err;
}

TEST_F(Tags, ATagInDevOnlyIsAWarning) {
  const Ran run =
      train(file("train.conll", conll(30, 1)),
            {"--dev", file("dev.conll", conll(10, 2) + "x\tB-NEW\n\n"), "--epochs", "1"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("does not occur in the training data"), std::string::npos) << run.err;
}

TEST_F(Tags, NoSpanAtAllIsAWarning) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += i % 7 == 6 ? "\n" : "word\tO\n";
  const Ran alone = train(file("o.conll", text));
  EXPECT_TRUE(alone.is_callers_fault()) << "one tag cannot be learned";
  EXPECT_NE(alone.err.find("at least two"), std::string::npos) << alone.err;
  const Ran run = train(file("train.conll", conll(30, 1)),
                        {"--dev", folder_.at("o.conll"), "--epochs", "1"}, "second");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("the development data have no span"), std::string::npos) << run.err;
}

TEST_F(Tags, LongSentencesAndFilesWithoutBlankLines) {
  std::string text = conll(400, 1);
  std::string dense;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\n' || (i > 0 && text[i - 1] != '\n')) dense += text[i];
  const Ran run = train(file("dense.conll", dense),
                        {"--dev", file("dev.conll", conll(10, 2)), "--epochs", "1"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("no blank line"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("cut into pieces"), std::string::npos) << run.err;
  std::string words;
  for (int i = 0; i < 10000; ++i) words += "Paris\n";
  const Ran predicted = run_program({"predict", folder_.at("run"), file("long.conll", words)});
  EXPECT_EQ(predicted.status, 0) << predicted.err;
  EXPECT_EQ(std::count(predicted.out.begin(), predicted.out.end(), '\n'), 10000);
}

TEST_F(Tags, BadInputIsNamed) {
  const auto fault = [&](const std::string& text, std::vector<std::string> more = {}) {
    const Ran run = train(file("bad.conll", text), std::move(more));
    EXPECT_TRUE(run.is_callers_fault()) << run.status << run.err;
    return run.err;
  };
  EXPECT_NE(fault("").find("bad.conll"), std::string::npos);
  EXPECT_NE(fault("a\tO\nb O\n\n").find("bad.conll:2"), std::string::npos);
  EXPECT_NE(fault("a\tO\nb\tO\tx\n\n").find("bad.conll:2"), std::string::npos);
  EXPECT_NE(fault("caf\xe9\tO\n\n").find("bad.conll:1"), std::string::npos);
  EXPECT_NE(fault(conll(9, 1), {"--scheme", "iob9"}).find("iob9"), std::string::npos);
  EXPECT_NE(fault(conll(9, 1), {"--tag-column", "7"}).find("7"), std::string::npos);
  EXPECT_NE(fault(conll(9, 1), {"--sampler", "square-root"}).find("one class an item"),
            std::string::npos);
  EXPECT_NE(fault(conll(9, 1), {"--vectors", folder_.at("none.txt")}).find("none.txt"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.at("run")));
}

// Said as a misfit, not as a training that diverged.
TEST_F(Tags, ALossOfSequencesNeedsAModelWithACrf) {
  const std::string data = file("data.conll", conll(30, 3));
  const std::vector<std::string> model = {"--task", "tags", "--model", "bilstm:width=4"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), model.begin(), model.end());
    return run_program(arguments);
  };
  const Ran trained =
      run({"train", data, "--loss", "crf-marginals", "--out", folder_.at("run"), "--json"});
  EXPECT_TRUE(trained.is_callers_fault()) << trained.status;
  EXPECT_NE(trained.err.find("is a loss of whole sequences and needs a CRF"), std::string::npos)
      << trained.err;
  EXPECT_FALSE(std::filesystem::exists(folder_.at("run")));

  const Ran compared = run({"compare", data, "--test", data, "--losses", "all", "--seeds", "1",
                            "--epochs", "1", "--out", folder_.at("all"), "--json"});
  ASSERT_EQ(compared.status, 0) << compared.err;
  EXPECT_NE(compared.err.find("crf ("), std::string::npos) << compared.err;
  const auto result = compared.json();
  for (const auto& loss : result["losses"]) {
    EXPECT_FALSE(loss["loss"].get<std::string>().starts_with("crf"));
    EXPECT_EQ(loss["diverged"], 0) << loss["loss"];
  }
}

}  // namespace
}  // namespace tailgrad::test
