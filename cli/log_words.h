// What log/ says of damaged files and failed calls, in the user's language.
//
// The storage engine speaks English, whoever listens: its sentences are also part of runs, which
// are the same in every language. Here they are told again. One that nobody translated stays
// English. Threads: none.
#pragma once

#include <string>
#include <string_view>

namespace brokerlab::cli {

std::string retold(std::string_view english);

}  // namespace brokerlab::cli
