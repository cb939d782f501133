#include <fmt/format.h>

#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/host/ranks.h"
#include "launch/hugging_face/hub_import.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class ImportCommand : public Command {
 public:
  explicit ImportCommand(CLI::App& program) {
    app_ = program.add_subcommand("import", "Make a model from a folder of transformers");
    app_->add_option("HF_FOLDER", options_.from,
                     "A folder with config.json, weights as safetensors, and a tokenizer")
        ->required();
    app_->add_option("--output", options_.folder, "The folder of the model, which must not exist")
        ->type_name("MODEL")
        ->required();
    app_->add_option("--tokenizer", options_.tokenizer,
                     "A tokenizer.json or a SentencePiece .model to take instead of the folder's; "
                     "bytes: one id for each byte")
        ->type_name("FILE");
    app_->add_option("--sequence-length", options_.sequence_length,
                     "data.sequence_length of the model: tokens that evaluate and sample read at "
                     "once; by default what the model allows, and at most 4096")
        ->type_name("TOKENS")
        ->check(CLI::PositiveNumber);
    app_->footer(
        "  switchyard import models/OLMoE-1B-7B-0924 --output models/olmoe\n"
        "  mpirun -n 4 switchyard import models/Mixtral-8x7B-v0.1 --output models/mixtral\n\n"
        "Every tensor and every key of config.json must be one that the program knows.\n"
        "docs/hugging-face.md lists the families.");
  }

  int run() override {
    require(options_.sequence_length % 16 == 0, Exit::usage,
            "--sequence-length {} is no multiple of 16", options_.sequence_length);
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      const hub::Imported imported = hub::import_model(options_, *world);
      on_root(*world, [&] { report(imported); });
      return Exit::done;
    });
  }

 private:
  void report(const hub::Imported& imported) const {
    fmt::print("wrote {}: {}, {} parameters from {} tensors, {} in {}\n", options_.folder.string(),
               name_of(imported.family), imported.parameters, imported.tensors,
               bytes_in_words(imported.bytes), counted(imported.files, "file"));
    if (imported.sequence_length < imported.max_positions)
      fmt::print(stderr,
                 "the model reads up to {} tokens, and evaluate and sample give it {}: see "
                 "--sequence-length\n",
                 imported.max_positions, imported.sequence_length);
  }

  hub::ImportOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_import_command(CLI::App& program) {
  return std::make_unique<ImportCommand>(program);
}

}  // namespace switchyard
