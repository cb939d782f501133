// What subcommands of `switchyard model` that run a recipe have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "launch/models/make_model.h"
#include "runtime/error.h"

namespace switchyard {

// Draws how far rank 0 is.
models::Progress making_progress(const Comm& world);

class RecipeOutput {
 public:
  // --output and --dry-run.
  void add_to(CLI::App& command);
  // --hugging-face and --check besides these.
  void add_all_to(CLI::App& command);

  // Collective. Errors: agreed; Exit::usage without an output, and those of make_model.
  Exit make(const models::Recipe& recipe, Comm& world) const;

 private:
  models::MakeInto into() const;

  std::string folder_;
  bool dry_run_ = false, check_ = false, hub_ = false;
};

}  // namespace switchyard
