#include <tailgrad/models/cnn.h>

#include <tailgrad/core/ops.h>
#include <tailgrad/models/image_input.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Numbers of an image after all stages.
Index features(const ModelSetup& setup, const CnnOptions& options) {
  const auto stages = static_cast<Index>(options.channels.size());
  const Index height = setup.height >> stages;
  const Index width = setup.width >> stages;
  if (height < 1 || width < 1)
    fail("cnn", std::to_string(stages) + " stages halve images of " + std::to_string(setup.height) +
                    " x " + std::to_string(setup.width) + " to nothing; name fewer channels");
  return height * width * (stages == 0 ? setup.channels : options.channels.back());
}

}  // namespace

Cnn::Stage::Stage(Module& parent, std::string_view name, Index in, Index out, bool batch_norm)
    : Module(parent, name),
      conv(*this, "conv", in, out, 3,
           {.padding = 1, .bias = !batch_norm, .weight_init = Init::kaiming_normal()}) {
  if (batch_norm) bn.emplace(*this, "bn", out);
}

Cnn::Cnn(const ModelSetup& setup, const CnnOptions& options)
    : Model(setup.seed),
      dropout_(options.dropout),
      stages_(*this, "stages"),
      hidden_(*this, "hidden", features(setup, options), options.hidden,
              {.activation = Activation::relu}),
      out_(*this, "out", options.hidden, setup.classes, options.head) {
  Index in = setup.channels;
  for (const Index channels : options.channels) {
    stages_.add(in, channels, options.batch_norm);
    in = channels;
  }
}

Tensor Cnn::operator()(const Tensor& x) const {
  Tensor h = x;
  for (const Stage& stage : stages_)
    h = max_pool2d(stage.bn ? stage.bn->after(stage.conv, h, true) : relu(stage.conv(h)));
  const Index items = h.shape()[0];
  return out_(
      dropout(hidden_(h.reshape({items, h.shape()[1] * h.shape()[2] * h.shape()[3]})), dropout_));
}

Tensor Cnn::logits(const Examples& batch) const {
  return (*this)(image_tensor(batch.images));
}

ModelEntry cnn_entry() {
  std::vector<OptionSpec> options = {{.name = "channels",
                                      .kind = OptionKind::numbers,
                                      .fallback = "32/64",
                                      .range = Range::between(1, 4096),
                                      .meaning = "of each stage; a stage halves the image"},
                                     {.name = "hidden",
                                      .kind = OptionKind::integer,
                                      .fallback = "128",
                                      .range = Range::between(1, 65536),
                                      .meaning = "width of the layer before the last"},
                                     {.name = "batch_norm",
                                      .kind = OptionKind::flag,
                                      .fallback = "true",
                                      .meaning = "normalise each channel after its convolution"},
                                     {.name = "dropout",
                                      .fallback = "0",
                                      .range = Range::half_open(0, 1),
                                      .meaning = "dropout after the hidden layer"}};
  for (OptionSpec& option : ImageHead::forms()) options.push_back(std::move(option));
  return {.spec = {.name = "cnn",
                   .meaning = "plain convolutional net for small images",
                   .formula = "softmax(W relu(W1 pool(relu(bn(conv(...)))) + b1) + b)",
                   .source = "LeCun et al. 1998; Ioffe and Szegedy 2015",
                   .options = std::move(options)},
          .task = "image",
          .make = [](const Settings& settings, const ModelSetup& setup) -> std::unique_ptr<Model> {
            CnnOptions read{.channels = {},
                            .hidden = static_cast<Index>(settings.integer("hidden")),
                            .batch_norm = settings.flag("batch_norm"),
                            .dropout = settings.number("dropout"),
                            .head = ImageHead::read(settings)};
            for (const double channels : settings.numbers("channels")) {
              if (channels != static_cast<double>(static_cast<Index>(channels)))
                fail("cnn", "channels are whole numbers, got " + shortest_text(channels));
              read.channels.push_back(static_cast<Index>(channels));
            }
            return std::make_unique<Cnn>(setup, read);
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
