// Taggers by name: their text forms.
#include <tailgrad/models/tagger.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

OptionSpec whole(const char* name, const char* fallback, double low, double high,
                 const char* meaning) {
  return {.name = name,
          .kind = OptionKind::integer,
          .fallback = fallback,
          .range = Range::between(low, high),
          .meaning = meaning};
}

OptionSpec rate(const char* name, const char* fallback, const char* meaning) {
  return {.name = name, .fallback = fallback, .range = Range::half_open(0, 1), .meaning = meaning};
}

std::vector<OptionSpec> feature_options() {
  return {whole("words", "64", 0, 4096, "numbers a word; 0: without"),
          {.name = "char",
           .kind = OptionKind::word,
           .fallback = "cnn",
           .words = {"cnn", "lstm", "none"},
           .meaning = "how a word's characters become numbers",
           .source = "cnn: Ma and Hovy 2016; lstm: Lample et al. 2016"},
          whole("char_width", "48", 1, 4096, "numbers a word from its characters"),
          whole("affixes", "32", 0, 4096,
                "numbers a word from its first and last 1 to 4 characters; 0: without"),
          whole("shapes", "8", 0, 4096, "numbers a word from its case and digits; 0: without"),
          {.name = "word_dropout",
           .fallback = "0.25",
           .range = Range::at_least(0),
           .meaning = "a: a word seen n times is unknown with probability a / (a + n) in training",
           .source = "Kiperwasser and Goldberg 2016, section 4"},
          rate("input_dropout", "0.5", "dropout of these features"),
          rate("dropout", "0.5", "dropout between layers and before the last one"),
          {.name = "constrain",
           .kind = OptionKind::flag,
           .fallback = "true",
           .meaning = "decode only tags that the scheme allows after each other"}};
}

TaggerOptions read_features(const Settings& settings, bool crf) {
  TaggerOptions options;
  options.features = {.words = static_cast<Index>(settings.integer("words")),
                      .characters = settings.word("char"),
                      .character_width = static_cast<Index>(settings.integer("char_width")),
                      .affixes = static_cast<Index>(settings.integer("affixes")),
                      .shapes = static_cast<Index>(settings.integer("shapes")),
                      .word_dropout = settings.number("word_dropout")};
  options.input_dropout = settings.number("input_dropout");
  options.dropout = settings.number("dropout");
  options.constrain = settings.flag("constrain");
  options.crf = crf;
  return options;
}

template <bool kCrf>
std::unique_ptr<Model> make_bilstm(const Settings& settings, const ModelSetup& setup) {
  TaggerOptions options = read_features(settings, kCrf);
  options.width = static_cast<Index>(settings.integer("width"));
  options.lstm = {.layers = static_cast<Index>(settings.integer("layers")),
                  .bidirectional = true,
                  .dropout = options.dropout};
  return std::make_unique<Tagger>(setup, options);
}

template <bool kCrf>
std::unique_ptr<Model> make_transformer(const Settings& settings, const ModelSetup& setup) {
  TaggerOptions options = read_features(settings, kCrf);
  TransformerOptions& encoder = options.transformer.emplace();
  encoder.layers = static_cast<Index>(settings.integer("layers"));
  encoder.layer = {.width = static_cast<Index>(settings.integer("width")),
                   .heads = static_cast<Index>(settings.integer("heads")),
                   .feedforward = static_cast<Index>(settings.integer("feedforward")),
                   .dropout = options.dropout,
                   .activation = Activation::gelu,
                   .norm_first = true};
  encoder.final_norm = true;
  return std::make_unique<Tagger>(setup, options);
}

FormSpec bilstm_spec(const char* name, const char* meaning, const char* formula,
                     const char* source) {
  FormSpec spec{.name = name,
                .meaning = meaning,
                .formula = formula,
                .source = source,
                .options = {whole("width", "100", 1, 4096, "numbers of the LSTM, each direction"),
                            whole("layers", "1", 1, 16, "LSTM layers")}};
  const std::vector<OptionSpec> features = feature_options();
  spec.options.insert(spec.options.end(), features.begin(), features.end());
  return spec;
}

FormSpec transformer_spec(const char* name, const char* meaning, const char* formula) {
  FormSpec spec{
      .name = name,
      .meaning = meaning,
      .formula = formula,
      .source = "Vaswani et al. 2017, section 3",
      .options = {whole("width", "96", 1, 4096, "numbers a token"),
                  whole("layers", "2", 1, 48, "encoder layers"),
                  whole("heads", "4", 1, 64, "attention heads; must divide the width"),
                  whole("feedforward", "256", 1, 16384, "width of the feed-forward layers")}};
  std::vector<OptionSpec> features = feature_options();
  for (OptionSpec& option : features)
    if (option.name == "input_dropout" || option.name == "dropout") option.fallback = "0.2";
  spec.options.insert(spec.options.end(), features.begin(), features.end());
  return spec;
}

}  // namespace

std::vector<ModelEntry> tagger_entries() {
  return {
      {.spec = bilstm_spec("bilstm-crf", "a bidirectional LSTM and a CRF: a tag a token",
                           "argmax_y sum_t (W h_t + b)[y_t] + T[y_(t-1), y_t]",
                           "Lample et al. 2016; Ma and Hovy 2016"),
       .task = "tags",
       .make = make_bilstm<true>},
      {.spec = bilstm_spec("bilstm", "a bidirectional LSTM: a tag a token", "softmax(W h_t + b)",
                           "Graves and Schmidhuber 2005"),
       .task = "tags",
       .make = make_bilstm<false>},
      {.spec = transformer_spec("transformer-crf", "a transformer encoder and a CRF: a tag a token",
                                "argmax_y sum_t (W h_t + b)[y_t] + T[y_(t-1), y_t]"),
       .task = "tags",
       .make = make_transformer<true>},
      {.spec = transformer_spec("transformer-tagger", "a transformer encoder: a tag a token",
                                "softmax(W h_t + b)"),
       .task = "tags",
       .make = make_transformer<false>}};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
