#include <tailgrad/cli/command_line.h>
#include <tailgrad/cli/verbs.h>

int main(int argc, char** argv) {
  using namespace tailgrad::cli;
  Program program("tailgrad", "Learning from imbalanced data: train, compare and understand.",
                  "tailgrad train wordnet --task text --loss la:tau=1 --epochs 2 --out runs/first");
  add_train(program);
  add_compare(program);
  add_study(program);
  add_doctor(program);
  add_predict(program);
  add_export(program);
  add_evaluate(program);
  add_adjust(program);
  add_loss(program);
  add_list(program);
  add_version(program);
  return program.run(argc, argv);
}
