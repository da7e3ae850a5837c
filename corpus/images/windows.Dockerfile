# escape=`
FROM mcr.example/windows/servercore:ltsc2019.1 `
  AS base
RUN dir C:\
FROM base
