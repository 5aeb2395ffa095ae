#include <tailgrad/models/resnet.h>

#include <tailgrad/core/ops/image_pooling.h>
#include <tailgrad/models/image_input.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

ResNet::ResNet(const ModelSetup& setup, const ResNetOptions& options)
    : Model(setup.seed),
      conv1_(*this, "conv1", setup.channels, options.width, 3,
             {.padding = 1, .bias = false, .weight_init = Init::kaiming_normal()}),
      bn1_(*this, "bn1", options.width),
      layer1_(*this, "layer1"),
      layer2_(*this, "layer2"),
      layer3_(*this, "layer3"),
      linear_(*this, "linear", 4 * options.width, setup.classes, options.head) {
  if (options.depth < 8 || options.depth % 6 != 2)
    fail("resnet", "depth must be 6 n + 2 with n >= 1 (8, 14, 20, 26, 32, …); got " +
                       std::to_string(options.depth));
  Index in = options.width;
  Index stage = 0;
  for (ModuleList<ResidualBlock>* layer : {&layer1_, &layer2_, &layer3_}) {
    const Index out = options.width << stage;
    for (Index block = 0; block < (options.depth - 2) / 6; ++block) {
      layer->add(in, out, stage > 0 && block == 0 ? Index{2} : Index{1}, options.shortcut);
      in = out;
    }
    ++stage;
  }
}

Tensor ResNet::operator()(const Tensor& x) const {
  Tensor h = bn1_.after(conv1_, x, true);
  for (const ModuleList<ResidualBlock>* layer : {&layer1_, &layer2_, &layer3_})
    for (const ResidualBlock& block : *layer) h = block(h);
  return linear_(global_average_pool(h));
}

Tensor ResNet::logits(const Examples& batch) const {
  return (*this)(image_tensor(batch.images));
}

ModelEntry resnet_entry() {
  std::vector<OptionSpec> options = {
      {.name = "depth",
       .kind = OptionKind::integer,
       .fallback = "32",
       .range = Range::between(8, 1202),
       .meaning = "layers: 6 n + 2, such as 8, 20, 32"},
      {.name = "width",
       .kind = OptionKind::integer,
       .fallback = "16",
       .range = Range::between(1, 1024),
       .meaning = "channels of the first of three stages; the others have twice and four times as "
                  "many"},
      {.name = "shortcut",
       .kind = OptionKind::word,
       .fallback = "pad",
       .words = {"pad", "project"},
       .meaning = "where the size changes: every second pixel and channels of zeros (type A), or "
                  "a 1 x 1 convolution (type B)",
       .source = "He et al. 2016, section 4.2: A"}};
  for (OptionSpec& option : ImageHead::forms()) options.push_back(std::move(option));
  return {.spec = {.name = "resnet",
                   .meaning = "residual net for small images, in the form of CIFAR",
                   .formula = "softmax(W mean(stage3(stage2(stage1(relu(bn(conv(x))))))) + b)",
                   .source = "He et al. 2016, section 4.2",
                   .options = std::move(options)},
          .task = "image",
          .make = [](const Settings& settings, const ModelSetup& setup) -> std::unique_ptr<Model> {
            return std::make_unique<ResNet>(
                setup, ResNetOptions{.depth = static_cast<Index>(settings.integer("depth")),
                                     .width = static_cast<Index>(settings.integer("width")),
                                     .shortcut = settings.is("shortcut", "pad") ? Shortcut::pad
                                                                                : Shortcut::project,
                                     .head = ImageHead::read(settings)});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
