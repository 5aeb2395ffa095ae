// The verbs, one file each: declares its options and what it does.
#pragma once

#include <tailgrad/cli/command_line.h>

namespace tailgrad::cli {

void add_train(Program& program);
void add_compare(Program& program);
void add_doctor(Program& program);
void add_predict(Program& program);
void add_adjust(Program& program);
void add_evaluate(Program& program);
void add_export(Program& program);
void add_list(Program& program);
void add_loss(Program& program);
void add_study(Program& program);
void add_version(Program& program);

}  // namespace tailgrad::cli
