#include "launch/verify/verify_layout.h"

#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/verify/transformers/verify_model.h"

namespace switchyard {
namespace {

class VerifyLayoutCommand : public Command {
 public:
  explicit VerifyLayoutCommand(CLI::App& program) {
    app_ = program.add_subcommand("verify-layout",
                                  "Compare the bits of a run's first steps on several layouts");
    add_config_options(*app_, options_.config, true);
    app_->add_option("--steps", options_.steps, "Steps to train on each layout")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app_->add_option("--layout", options_.layouts,
                     "A number of ranks, and keys that a resumed run may change; once for each "
                     "layout. Without: one rank, and all ranks with each degree of experts")
        ->type_name("LAYOUT");
    app_->add_option("--record", options_.record, "Write the hashes of every layout to this file")
        ->type_name("FILE");
    app_->add_option(
            "--against", options_.against,
            "Compare with the hashes of this file, which another build or machine recorded")
        ->type_name("FILE");
    add_model_options();
    app_->add_flag("--json", options_.json, "Print one JSON object");
    app_->footer(
        "  mpirun -n 4 switchyard verify-layout my.toml\n"
        "  mpirun -n 4 switchyard verify-layout my.toml --layout ranks=1 \\\n"
        "      --layout 'ranks=4 parallel.experts=2 router.exchange=mpi'\n"
        "  mpirun -n 4 switchyard verify-layout my.toml --record old-build.json\n"
        "  mpirun -n 4 switchyard verify-layout my.toml --against old-build.json\n"
        "  switchyard verify-layout my.toml --model models/olmoe-hf\n\n"
        "Hashes what each layer hands on, every gradient and every value after each step, and\n"
        "names the first step, tensor and part of the step (forward, gradient or update) whose\n"
        "bits differ from the first layout's. It writes no run directory. Exit code 3 if bits\n"
        "differ. With --model it compares a model with what transformers computes instead: exit\n"
        "code 3 if the two part, 8 if Python lacks what that takes.");
  }

  int run() override {
    if (!model_.model.empty()) {
      model_.config = options_.config;
      model_.json = options_.json;
      return run_on_ranks(
          [&](std::unique_ptr<Comm> world) { return verify_model(model_, std::move(world)); });
    }
    return run_on_ranks(
        [&](std::unique_ptr<Comm> world) { return verify_layout(options_, *world); });
  }

 private:
  void add_model_options() {
    CLI::Option* model =
        app_->add_option("--model", model_.model,
                         "Compare instead what this folder of transformers computes here with what "
                         "transformers computes, for the first rows of the run")
            ->type_name("HF_FOLDER");
    for (const char* other : {"--steps", "--layout", "--record", "--against"})
      model->excludes(app_->get_option(other));
    app_->add_option("--python", model_.python,
                     "The Python that has torch and transformers, by default python3")
        ->type_name("PROGRAM")
        ->needs(model);
    app_->add_option("--tokens", model_.tokens, "Tokens to compare, in whole micro-batches")
        ->capture_default_str()
        ->check(CLI::PositiveNumber)
        ->needs(model);
  }

  VerifyOptions options_;
  VerifyModelOptions model_;
};

}  // namespace

std::unique_ptr<Command> make_verify_layout_command(CLI::App& program) {
  return std::make_unique<VerifyLayoutCommand>(program);
}

}  // namespace switchyard
