defmodule App.MixProject do
  use Mix.Project

  def project, do: [app: :app, version: "0.1.0", deps: deps()]

  defp deps do
    [
      {:phoenix, "~> 1.7"},
      # {:plug, "~> 1.0"},
      {:credo, "~> 1.7", only: [:dev, :test], runtime: false},
      {:mox, "~> 1.0", only: :test},
      {:secret, ">= 0.0.0", hex: :real_secret, organization: "acme"},
      {:forked, git: "https://git.example/forked.git", branch: "main"},
      {:mirror, "~> 0.1", optional: true}
    ]
  end
end
