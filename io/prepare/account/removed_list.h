// The documents that were left out of a dataset, as a list.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "io/prepare/store/document_store.h"

namespace switchyard::prepare {

// Calls `each` with a line for each removed document, in the store's order: its stage, id, where it
// came from and the reason. Nothing in it can do harm to a terminal. stage: of name_of; empty: all.
// Returns how many documents of each stage were passed.
std::map<std::string, std::int64_t> list_removed(const DocumentStore& store,
                                                 const std::string& stage,
                                                 const std::function<void(std::string_view)>& each);

}  // namespace switchyard::prepare
