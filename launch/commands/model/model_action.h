// ModelAction: one subcommand of `switchyard model`.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard {

class ModelAction {
 public:
  ModelAction(CLI::App& model, const std::string& name, const std::string& meaning)
      : app_(*model.add_subcommand(name, meaning)) {
    app_.footer("");  // the footer of `switchyard model` has the examples
  }
  virtual ~ModelAction() = default;
  ModelAction(const ModelAction&) = delete;
  ModelAction& operator=(const ModelAction&) = delete;

  bool chosen() const { return app_.parsed(); }
  virtual Exit run(Comm& world) = 0;  // collective

 protected:
  CLI::App& app_;
};

// factoring.cpp
std::unique_ptr<ModelAction> make_low_rank_action(CLI::App& model);
std::unique_ptr<ModelAction> make_fold_action(CLI::App& model);
std::unique_ptr<ModelAction> make_adapter_action(CLI::App& model);
// compression.cpp
std::unique_ptr<ModelAction> make_quantize_action(CLI::App& model);
std::unique_ptr<ModelAction> make_prune_action(CLI::App& model);
std::unique_ptr<ModelAction> make_experts_action(CLI::App& model);

}  // namespace switchyard
