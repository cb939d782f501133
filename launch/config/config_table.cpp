#include "launch/config/config_table.h"

#include "io/files/nearest_name.h"
#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> config_keys(Config& config) {
  std::vector<ConfigKey> keys;
  const auto add = [&](auto& table) {
    for (ConfigKey& key : keys_of(table)) keys.push_back(std::move(key));
  };
  add(config.run);
  add(config.data);
  add(config.model);
  add(config.model.low_rank);
  add(config.model.adapter);
  add(config.model.dropout);
  add(config.router);
  add(config.parallel);
  add(config.train);
  add(config.train.galore);
  add(config.train.islands);
  add(config.checkpoint);
  add(config.guard);
  add(config.watchdog);
  add(config.slurm);
  return keys;
}

std::string_view nearest_key(const std::vector<ConfigKey>& keys, std::string_view name) {
  return nearest_name(keys, name, &ConfigKey::name).name;
}

}  // namespace switchyard
